"""One log line per record, as text for people or as JSON for programs, always to standard error."""

import json
import logging
from datetime import UTC, datetime
from typing import Any


class JsonFormatter(logging.Formatter):
    """A record as one JSON object. Only the message and its origin: never a request, which may carry a key."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def logging_settings(level: str, style: str) -> dict[str, Any]:
    """Django's LOGGING: `style` is `text` or `json`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
            "json": {"()": "taller.logs.JsonFormatter"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": style}},
        "root": {"handlers": ["stderr"], "level": level},
        # Django's own default would mail administrators and print twice.
        # daphne tells of every start and stop of itself; its access log would show pairing codes.
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "daphne": {"level": "WARNING"},
            # One line per listener that comes or goes.
            "django_eventstream": {"level": "WARNING"},
            # Four lines per login that went well are too many; a closed door is a warning.
            "axes": {"level": "WARNING"},
        },
    }
