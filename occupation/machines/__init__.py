"""The three machines of a spool: what may follow what. No I/O, one protected state field each."""
