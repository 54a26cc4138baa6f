"""The six ministries' dialects, each written from its wire contract alone."""

from hub.simulator.form import Ministry
from hub.simulator.ministries import economy, health, interior, justice, labour, migration

MINISTRIES: dict[str, Ministry] = {
    module.MINISTRY.name: module.MINISTRY
    for module in (justice, interior, labour, health, economy, migration)
}
