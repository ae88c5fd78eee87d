"""What random documents are made of."""

NAMES = ("env", "a", "b c", "provider", "model", 'q"q', "//", "ü")
OBJECTS = ("env", "provider")
"""Names whose value has to be an object for the edits."""

TEXTS = ("", "x", "// no comment", "/* none */", '"', "\\", "{", "], }", "ü\u2028", "http://127.0.0.1:1")
COMMENTS = ("note", '"a": 1,', "}", "ü", "a // b", "*")
