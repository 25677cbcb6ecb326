"""What the system lets a process have."""

import resource


def raise_file_limit() -> None:
    """Each open board is a file descriptor: take as many as the system lets this user have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
