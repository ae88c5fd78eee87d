"""How the server and the tokenizer's process talk: a length and a JSON list of texts up, a number down."""

import struct

LENGTH = struct.Struct(">I")
COUNT = struct.Struct(">Q")
