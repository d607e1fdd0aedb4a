"""Services: what steps receive from outside a process, by type."""

from typing import Annotated, Any, Protocol, TypeVar

from process_core.errors import ProcessError

T = TypeVar("T")
ServiceT_co = TypeVar("ServiceT_co", covariant=True)


class InjectMarker:
    """Marks a parameter as a service; see `Inject`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Inject"


Inject = Annotated[T, InjectMarker()]
"""`chat: Inject[ChatCompletion]` asks for the service of that type; it never counts as a data parameter."""


class MissingServiceError(ProcessError, LookupError):
    """A step asks for a service that nobody added."""


class ServiceType(Protocol[ServiceT_co]):
    """A class that a service is asked for by; type checkers refuse a Protocol or an abstract class as a `type[T]`."""

    def __call__(self, *arguments: Any, **options: Any) -> ServiceT_co:
        """Make an instance; nobody does here."""
        ...


class Services:
    """The services of a run, by type."""

    __slots__ = ("_by_type",)

    def __init__(self) -> None:
        self._by_type: dict[Any, Any] = {}

    def add(self, service_type: ServiceType[T], implementation: T) -> "Services":
        """Offer an implementation.

        Args:
            service_type: The type that steps ask for.
            implementation: What they receive; one object for all.

        Returns:
            These services, so that calls chain.
        """
        self._by_type[service_type] = implementation
        return self

    def get(self, service_type: ServiceType[T]) -> T:
        """Return the implementation of a type.

        Raises:
            MissingServiceError: Nobody added one.
        """
        try:
            implementation: T = self._by_type[service_type]
        except KeyError:
            raise MissingServiceError(f"no service of type {service_type!r} was added") from None
        return implementation

    def __contains__(self, service_type: object) -> bool:
        return service_type in self._by_type
