revision, down_revision = "\x30029" r'' u"a", (
    'b',  # pragma: allowlist secret
    """c\
d""",
)
if True: depends_on = {'e', "f"}; x = [1]
branch_labels: tuple = 'g', \
    'h',
def downgrade(): ...
