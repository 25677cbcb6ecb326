"""One module per command: parse, one service call, one line per item."""
