"""Hot reload: the one way in which modules of the user's project are loaded, a whole generation at a time."""

from process_core.reload.carry import Carrier, MisfitError
from process_core.reload.place import NoSuchModuleError, Place, place_of
from process_core.reload.project import Project
from process_core.reload.staged import Staged

__all__ = ["Carrier", "MisfitError", "NoSuchModuleError", "Place", "Project", "Staged", "place_of"]
