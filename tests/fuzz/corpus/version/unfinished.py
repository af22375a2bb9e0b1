"""unfinished
revision = ("a", [