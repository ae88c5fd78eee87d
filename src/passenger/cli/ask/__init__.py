"""`passenger ask`: one question and its answer, by a running server or without one."""
