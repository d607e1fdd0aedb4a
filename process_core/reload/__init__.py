"""Hot reload: the one way in which modules of the user's project are loaded, a whole generation at a time."""

from process_core.reload.module_location import ModuleLocation, NoSuchModuleError, locate_module
from process_core.reload.project import Project
from process_core.reload.staged_modules import StagedModules
from process_core.reload.state_migration import StateMigrator

__all__ = [
    "ModuleLocation",
    "NoSuchModuleError",
    "Project",
    "StagedModules",
    "StateMigrator",
    "locate_module",
]
