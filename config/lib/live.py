"""The only place that touches the channel layer. Losing a notice is harmless: consumers resume by event id."""

import json
import logging

import redis

from config.lib.redis import client

logger = logging.getLogger(__name__)


def tenant_topic(tenant_id: int) -> str:
    return f"live:{tenant_id}"


def visitor_topic(tenant_id: int, channel_id: object, visitor_id: str) -> str:
    return f"visitor:{tenant_id}:{channel_id}:{visitor_id}"


def publish(topic: str, payload: dict[str, object]) -> None:
    try:
        client().publish(topic, json.dumps(payload))
    except redis.RedisError as error:
        logger.warning("live notice on %s not published: %s", topic, error)
