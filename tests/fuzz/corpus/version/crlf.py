revision = "a"
down_revision = None
class X:
    revision = 1
