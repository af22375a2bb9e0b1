from x import y as revision
if a:
    down_revision = "b"
try:
    def downgrade():
        pass
except E: pass
