"""The benchmark of the relay in small: virtual time, the product's rows and tasks, a provider that counts."""

from bench import bursts
from bench.delivery import BUBBLES, in_virtual_time
from tenants.models import Tenant
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import make_number
from tests.support.tasks import Queue

CHATS, BURSTS = 10, 6


def test_bubbles_keep_order_distance_and_limits_though_the_provider_stumbles(acme: Tenant, queued: Queue) -> None:
    provider = in_virtual_time(acme, CHATS, trouble=0.05)

    assert provider.sends == CHATS * BUBBLES
    assert provider.verdict() == dict.fromkeys(provider.verdict(), 0)
    assert max(provider.lateness) < 0.5


def test_every_burst_has_one_answer_though_wake_ups_are_lost_and_agents_die(
    acme: Tenant, globex: Tenant, queued: Queue, graph: GraphFake
) -> None:
    numbers = [make_number(tenant, phone_number_id=str(tenant.pk)) for tenant in (acme, globex)]
    wrong = bursts.run(numbers, BURSTS)

    assert wrong == dict.fromkeys(wrong, 0)
