"""The compiled module. Import from `placewright`, not from here.

Units: CPU units, 1024 a vCPU; memory in MiB. Ids of instances and tasks are ARNs or short ids. A call that raises has changed
nothing. Errors are those of `placewright._errors`; a wrong Python type is a `TypeError`.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol, SupportsIndex, TypedDict, Union, final

import numpy as np
import numpy.typing as npt
from typing_extensions import Self, TypeAlias, Unpack

from ._packed import LivePacking, Packing, Progress
from ._rearranging import Rearrangement, RearrangeProgress
from ._values import Constraint, Fragmentation, Placement, Strategy, WorkloadKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "BulkResult",
    "Cluster",
    "_restore",
    "_bulk_result",
    "_explanation",
    "_result",
    "_table",
    "conformance_check",
    "conformance_digest",
    "conformance_check_packing",
    "conformance_digest_packing",
    "conformance_replay",
    "_after_fork",
    "_usage",
    "Request",
    "Savepoint",
    "Transaction",
    "Explanation",
    "Expression",
    "Result",
    "Table",
    "compile",
    "_pack",
    "_fleet",
    "pack_json",
    "fleet_json",
    "_pack_live",
    "_apply_packing",
    "_apply_rearrangement",
    "_document",
    "_json",
    "_milliseconds",
    "__version__",
]

__version__: str

_Document: TypeAlias = Union[str, bytes, bytearray, Mapping[str, Any], Sequence[Any]]
_Rule: TypeAlias = Union[str, Mapping[str, Any]]
_Strategies: TypeAlias = Union[Strategy, _Rule, Iterable[Union[Strategy, _Rule]]]
_Constraints: TypeAlias = Union[Constraint, Expression, _Rule, Iterable[Union[Constraint, Expression, _Rule]]]
_Task: TypeAlias = Union[str, SupportsIndex]

class _Bar(Protocol):
    def update(self, n: int, /) -> object: ...

_Progress: TypeAlias = Union[Callable[[int, int], object], _Bar]

_PackProgress: TypeAlias = Union[Callable[[Progress], object], _Bar]
_RearrangeProgress: TypeAlias = Union[Callable[[RearrangeProgress], object], _Bar]
_Parts: TypeAlias = tuple[str, dict[str, Any], dict[str, Table]]

class _Readable(Protocol):
    def read(self) -> Union[str, bytes]: ...

_Source: TypeAlias = Union[str, os.PathLike[str], _Readable]

class _Options(TypedDict, total=False):
    seed: Union[int, str]
    """Of draws and seeded ties, where a request gives none. 0 to 2^64 - 1, as a number or its digits; default 0."""
    run_task_default: Literal["random", "registration"]
    """What a request without a strategy does. Default: a seeded draw, as ECS."""
    tie_break: Literal["registration", "seeded"]
    """Who wins a tie. Default: the instance registered first."""
    strict_network: bool
    """Refuse awsvpc requests without network configuration, and others with one. Default: no."""
    lenient_fields: bool
    """Read `CPU` and `Memory` as fields of a strategy. Default: no."""
    release: Literal["desired", "last"]
    """When a stopped task gives its resources back: at once (default), or when `finish` says so."""
    host_ports_max: int
    """Host ports an instance can have reserved at once. Default 100."""
    absent_group: Literal["together", "last", "exclude"]
    """Where instances without a spread attribute rank. Default: they are one group."""
    unknown_eni: Literal["unlimited", "zero"]
    """What an unknown instance type means for task network interfaces. Default: they are not counted."""
    route: Literal["auto", "scan", "indexed"]
    """How instances are searched; the answers are the same. Default: by the size of the cluster."""

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: Union[object, None] = None) -> object: ...

class _ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: Union[object, None] = None) -> object: ...

_Frame: TypeAlias = Union[_ArrowStream, _ArrowArray, Mapping[str, Any]]

class _Columns(TypedDict, total=False):
    """Names of the columns of a frame of instances."""

    name: Union[str, None]
    """Ids of the instances; text. By default `name` or `id`."""
    cpu: Union[str, None]
    """CPU units. By default `cpu` or `cpu_registered`."""
    memory_mib: Union[str, None]
    """Memory in MiB. By default `memory_mib` or `memory_mib_registered`."""
    zone: Union[str, None]
    """Availability Zones; text. By default `zone`, where there is one; so each column below."""
    status: Union[str, None]
    """Statuses as ECS writes them, e.g. `ACTIVE`."""
    agent_connected: Union[str, None]
    """Whether the agent is connected; booleans."""
    agent_version: Union[str, None]
    """Versions of the agent; text."""
    ec2_instance_id: Union[str, None]
    """EC2 instance ids; text."""
    capacity_provider: Union[str, None]
    """Names of capacity providers; text."""
    gpus: Union[str, None]
    """Numbers of GPUs, whose ids are then `gpu-0`, `gpu-1` and so on. By default `gpus` or `gpus_registered`."""
    eni_task_slots: Union[str, None]
    """Numbers of awsvpc tasks. By default `eni_task_slots` or `eni_task_slots_registered`."""
    registered_at: Union[str, None]
    """When they registered: instants, text of ISO 8601, or nanoseconds after 1970. Those without a zone are of UTC."""
    ports: Union[str, None]
    """TCP host ports that are taken; lists of integers. Where there are none, those of the agent."""
    udp_ports: Union[str, None]
    """UDP host ports that are taken; lists of integers."""
    cpu_remaining: Union[str, None]
    """CPU units that are left. An instance with a value in one of the columns of what remains is taken as it says, and all is left
    of what none tells of; tasks that are loaded later are subtracted from it already."""
    memory_mib_remaining: Union[str, None]
    """Memory that is left, in MiB."""
    gpus_remaining: Union[str, None]
    """Numbers of GPUs that are free; those with the greatest numbers are."""
    running_tasks: Union[str, None]
    """Numbers of tasks they run, those that are loaded later included."""
    attributes: Union[bool, Iterable[str], Mapping[str, str], None]
    """Columns of text that are attributes: names, or a mapping from column to attribute; `True` for every further column of text.
    An instance without a value does not carry the attribute; an empty text is an attribute with a name only. Default: none."""
    custom: Union[Iterable[str], Mapping[str, str], None]
    """Columns with amounts of custom resources: names, or a mapping from column to resource. Default: none."""
    custom_remaining: Union[Iterable[str], Mapping[str, str], None]
    """Columns with what is left of custom resources, in the same way."""

class _FrameOptions(_Columns, _Options, total=False):
    """Columns of a frame, and options of a cluster."""

class _TaskColumns(TypedDict, total=False):
    """Names of the columns of a frame of tasks; by default each has the name that stands here."""

    id: Union[str, None]
    """Ids of the tasks; text. By default `id` or `name`."""
    instance: Union[str, None]
    """Ids of their instances; text."""
    definition: Union[str, None]
    """Task definitions. What is known of one counts, not the amounts of the frame."""
    group: Union[str, None]
    """Task groups; text. Default: `family:` and the family of the definition."""
    cpu: Union[str, None]
    """CPU units, of tasks whose definition is not known."""
    memory_mib: Union[str, None]
    """Memory in MiB, of tasks whose definition is not known."""
    is_protected: Union[str, None]
    """Whether scale-in leaves them alone; booleans."""
    is_healthy: Union[str, None]
    """Whether their health checks pass; booleans."""

@final
class Table:
    """Columns of equal length, as they were when it was made.

    polars, pandas, pyarrow, duckdb and whatever else speaks the Arrow PyCapsule interface read it as it is, without a copy:
    `polars.DataFrame(table)`, `pandas.DataFrame.from_arrow(table)` (pandas 3; before, `pyarrow.table(table).to_pandas()`),
    `pyarrow.table(table)`, or in duckdb's queries the name of the variable that holds it.
    """

    @property
    def column_names(self) -> list[str]:
        """Names of the columns, in order."""
    def column(self, name: str, /) -> Union[npt.NDArray[Any], Any]:
        """A column: numbers, booleans and instants as a numpy array, text as a list with `None` for gaps. Numbers with gaps are
        floats, and a gap is not-a-number; booleans, and numbers with gaps, are made anew, other numbers and instants share the
        table's memory. Arrays cannot be written to. Raises `NotFoundError`, which is a `KeyError`."""
    def head(self, rows: int = 5, /) -> Table:
        """The first rows; shares the memory."""
    def to_dict(self) -> dict[str, list[Any]]:
        """Every column as a list; `None` for gaps, instants as nanoseconds after 1970."""
    def __arrow_c_schema__(self) -> object:
        """The types of the columns, for other libraries."""
    def __arrow_c_stream__(self, requested_schema: Union[object, None] = None) -> object:
        """The columns, for other libraries."""
    def __copy__(self) -> Table: ...
    def __deepcopy__(self, _memo: dict[int, Any], /) -> Table: ...
    def __reduce__(self) -> tuple[Callable[..., Table], tuple[list[tuple[str, str, list[Any]]]]]: ...
    def __len__(self) -> int:
        """Number of rows."""
    def _repr_html_(self) -> str: ...

@final
class Cluster:
    """A cluster of container instances and the tasks on them.

    Threads may share one: calls are serialised, and long ones give the interpreter's lock back. A call from inside the
    cluster's own progress callback raises `BusyError`; a callback that waits there for a thread which uses the cluster waits for
    ever, as that thread waits for the end of the call.
    """

    def __new__(cls, **options: Unpack[_Options]) -> Self:
        """An empty cluster."""
    @classmethod
    def from_json(cls, document: Union[str, bytes, bytearray], /, **options: Unpack[_Options]) -> Self:
        """A cluster from JSON text: what `aws ecs describe-container-instances` prints, its array alone, or an exported state.

        Beside `containerInstances` there may be `tasks`, `taskDefinitions`, `xSubnets` and `xResources`. An exported state has
        its own options. Raises `InvalidInputError` with the place. Ctrl-C ends it. Cost: linear in the text,
        about 1.5 s for 100,000 instances.
        """
    @classmethod
    def from_dict(cls, document: Union[Mapping[str, Any], Sequence[Any]], /, **options: Unpack[_Options]) -> Self:
        """As `from_json`, from the objects that such a text parses to, such as a boto3 response."""
    @classmethod
    def from_files(
        cls,
        *paths: Union[_Source, Iterable[_Source]],
        tasks: Union[_Source, Iterable[_Source], None] = None,
        definitions: Union[_Source, Iterable[_Source], None] = None,
        **options: Unpack[_Options],
    ) -> Self:
        """As `from_json`, from files: paths, or what has a method `read`, or lists of them. Several are read as one cluster, since a
        describe call tells of at most 100 instances. `tasks` and `definitions` are files for `load_tasks` and `register_task_definition`.
        Errors name the file."""
    @classmethod
    def from_frame(cls, frame: _Frame, /, **columns: Unpack[_FrameOptions]) -> Self:
        """A cluster of the instances in a data frame, in the order of its rows; options as for a cluster.

        `frame` is anything with `__arrow_c_stream__` or `__arrow_c_array__` (polars, pandas, pyarrow, duckdb, a `Table`), or a
        dict of columns (lists, numpy arrays). Columns of `custom` are declared as resources. Raises `InvalidInputError` with the
        column and the row, e.g. `cpu[3]`, in `path`. Ctrl-C ends it.
        """
    def register_frame(self, frame: _Frame, /, **columns: Unpack[_Columns]) -> None:
        """Registers the instances in a data frame, all of them or none; see `from_frame`. Custom resources must be declared."""
    def load_tasks_frame(self, frame: _Frame, /, **columns: Unpack[_TaskColumns]) -> None:
        """Adds the tasks in a data frame, which already run, all of them or none; see `from_frame` for frames and `load_tasks` for
        the rest."""
    def register(
        self,
        name: str,
        /,
        *,
        cpu: int,
        memory_mib: int,
        zone: Union[str, None] = None,
        attributes: Union[Mapping[str, Union[str, None]], Iterable[str], None] = None,
        gpus: Union[Iterable[str], None] = None,
        custom: Union[Mapping[str, int], None] = None,
        ports: Union[Iterable[int], None] = None,
        udp_ports: Union[Iterable[int], None] = None,
        eni_task_slots: Union[int, None] = None,
        ec2_instance_id: Union[str, None] = None,
        capacity_provider: Union[str, None] = None,
        agent_version: Union[str, None] = None,
        agent_connected: bool = True,
        status: Union[str, None] = None,
    ) -> None:
        """Registers an instance; it comes after all others in registration order.

        `cpu` in CPU units, `memory_mib` in MiB, `gpus` are device ids, `custom` amounts of declared resources, `ports` the host
        ports that are taken (default: those of the agent), `status` as ECS writes it (default: `ACTIVE`). The library's bounds hold,
        not those of ECS calls. Raises `DuplicateError` for a name that is taken, `InvalidInputError`, `LimitError`.
        """
    def register_container_instance(self, document: _Document, /) -> None:
        """Registers an instance from ECS's `ContainerInstance` object, within ECS's limits."""
    def declare_resource(self, name: str, /) -> None:
        """Declares a custom countable resource; at most 8. Raises `ConflictError` inside a savepoint."""
    def deregister(self, instance: str, /, *, force: bool = False) -> list[str]:
        """Takes an instance out; with `force` its tasks end first. Gives their ids, oldest first. Raises `NotFoundError`, and
        `ConflictError` for an instance that runs tasks."""
    def drain(self, instances: Union[str, Iterable[str]], /) -> None:
        """Sets instances to DRAINING: no new tasks, and service tasks that are PENDING there end."""
    def activate(self, instances: Union[str, Iterable[str]], /) -> None:
        """Sets instances to ACTIVE."""
    def put_attributes(self, instance: str, attributes: Union[Mapping[str, Union[str, None]], Iterable[str]], /) -> None:
        """Gives an instance attributes, or other values for those it has. ECS's PutAttributes: at most ten at once, and ten custom
        ones on an instance."""
    def delete_attributes(self, instance: str, names: Union[str, Iterable[str]], /) -> None:
        """Takes attributes from an instance. Raises `NotFoundError` for one it does not carry."""
    def set_agent_connected(self, instance: str, connected: bool, /) -> None:
        """Says whether the agent of an instance is connected; without it no task can start there."""
    def register_task_definition(self, definition: _Document, /) -> str:
        """Registers a task definition, or describe output around one. Gives `family:revision`. Raises what ECS refuses it for."""
    def load_tasks(self, document: _Document, /) -> None:
        """Adds tasks that already run, as `aws ecs describe-tasks` prints them. Cost: linear in the cluster."""
    def place(
        self,
        what: Union[str, bytes, bytearray, Mapping[str, Any], Request],
        /,
        *,
        count: Union[int, None] = None,
        group: Union[str, None] = None,
        strategies: Union[_Strategies, None] = None,
        constraints: Union[_Constraints, None] = None,
        all_or_nothing: Union[bool, None] = None,
        seed: Union[int, str, None] = None,
        progress: Union[_Progress, None] = None,
    ) -> Result:
        """Places tasks, one after another, each seeing those before; the first that finds no instance ends the call.

        `what` is the name of a task definition, a request in the shape of RunTask (dict or JSON text), or a prepared request.
        The options are keys of the request: `count` (default 1, at most 10,000,000), `group` (default `family:NAME`),
        strategies and constraints as objects, ECS dicts or texts such as `"binpack:memory"` (without a strategy: a seeded draw).
        The library's bounds hold, not those of RunTask; see `run_task`. That nothing was feasible is an answer, no error.

        `progress` is called with what is done and the total, or has a method `update` as tqdm has; a last time when all is done or a
        task has found no instance. What it raises, and Ctrl-C, takes everything back. Keys of `what` that RunTask does not have
        are told by `warnings`.
        """
    def prepare(
        self,
        what: Union[str, bytes, bytearray, Mapping[str, Any]],
        /,
        *,
        count: Union[int, None] = None,
        group: Union[str, None] = None,
        strategies: Union[_Strategies, None] = None,
        constraints: Union[_Constraints, None] = None,
        all_or_nothing: Union[bool, None] = None,
        seed: Union[int, str, None] = None,
    ) -> Request:
        """Makes a request ready, to be placed many times without being read again. Arguments as for `place`."""
    def place_bulk(
        self,
        requests: Iterable[Request],
        indices: Union[npt.ArrayLike, None] = None,
        /,
        *,
        progress: Union[_Progress, None] = None,
    ) -> BulkResult:
        """Places one task of each request, in order; one that finds no instance does not end the call. Raises `InvalidInputError` for a
        request for all of several tasks or none.

        With `indices`, an array of integers, the request of each task is `requests[index]`. The interpreter's lock is given back;
        Ctrl-C and what `progress` raises take everything back. Raises `IndexError` for an index out of range,
        `ValueError` for masked entries, and `ImportError`, before anything is placed, where numpy does not work.
        """
    def explain(
        self,
        what: Union[str, bytes, bytearray, Mapping[str, Any], Request],
        /,
        *,
        count: Union[int, None] = None,
        group: Union[str, None] = None,
        strategies: Union[_Strategies, None] = None,
        constraints: Union[_Constraints, None] = None,
        all_or_nothing: Union[bool, None] = None,
        seed: Union[int, str, None] = None,
    ) -> Explanation:
        """Why the next task of a request would go where it goes, or why nowhere. Places nothing.

        Cost: linear in the cluster, about 35 ms for 100,000 instances; cannot be interrupted.
        """
    def stop(self, tasks: Union[_Task, Iterable[_Task], npt.NDArray[np.integer[Any]]], /) -> None:
        """Stops tasks, by id or by the number of the bulk lane; all of them or, where one does not exist, none."""
    def finish(self, task: str, /) -> None:
        """Says that a stopped task has ended and gives its resources back. Only with `release="last"`."""
    def scale_in(
        self,
        group: str,
        count: int,
        /,
        *,
        strategies: Union[_Strategies, None] = None,
        seed: Union[int, str, None] = None,
    ) -> list[str]:
        """Stops up to `count` tasks of a group, chosen as a service scheduler would. Gives their ids in that order."""
    def run_task(self, request: _Document, /) -> Result:
        """RunTask, with ECS's limits: at most ten tasks, no group of a service; raises `InvalidInputError` where no instance can be
        considered."""
    def start_task(self, request: _Document, /) -> Result:
        """StartTask: one task on each of one to ten named instances."""
    def create_service(self, request: _Document, /) -> Result:
        """CreateService: `desiredCount` more tasks of the group `service:NAME`."""
    def list_container_instances(self, request: _Document, /) -> dict[str, Any]:
        """ListContainerInstances: `filter`, `status`, `maxResults`, `nextToken`, each optional."""
    def query(self, expression: Union[str, Expression], /) -> list[str]:
        """Ids of the instances that satisfy a cluster query, in registration order, whatever their status."""
    def instance(self, instance: str, /) -> dict[str, Any]:
        """An instance as an exported state writes it. Raises `NotFoundError`."""
    def task(self, task: _Task, /) -> dict[str, Any]:
        """A task as an exported state writes it, by id or by number. Raises `NotFoundError`."""
    @property
    def instance_ids(self) -> list[str]:
        """Ids of the instances in registration order."""
    @property
    def task_ids(self) -> list[str]:
        """Ids of the tasks that count or still hold resources, oldest first."""
    @property
    def instances(self) -> Table:
        """Every instance in registration order: what it is, has (`…_registered`) and has left (`…_remaining`). Amounts of custom
        resources are in columns `custom_NAME_…`. Cost: linear in the cluster, without the interpreter's lock."""
    @property
    def remaining(self) -> Table:
        """What every instance has left: `id`, `cpu`, `memory_mib`, `gpus` that nobody has a part of, `custom_NAME`."""
    @property
    def tasks(self) -> Table:
        """Every task, oldest first: id, number, instance, group, definition and what it holds."""
    @property
    def attributes(self) -> Table:
        """Every attribute of every instance: `instance`, `name`, `value`, which is missing where there is a name only."""
    def pack(
        self,
        requests: Union[str, Mapping[str, Any], Iterable[Union[str, Mapping[str, Any], tuple[str, int]]]],
        /,
        *,
        solver: Union[str, None] = None,
        seed: Union[int, None] = None,
        steps: Union[int, None] = None,
        seconds: Union[float, None] = None,
        bound: Union[str, None] = None,
        start: Union[Packing, Iterable[Mapping[str, Any]], None] = None,
        progress: Union[_PackProgress, None] = None,
    ) -> LivePacking:
        """Where the tasks of a set of requests would go if they are placed as a set, whatever their order. Places nothing; `apply` of
        the answer does.

        `requests` are names of task definitions, pairs of a name and a number of tasks, or requests in the shape of RunTask. Instances
        that run tasks cost 0, idle ones 1: so as few more as possible come into use. Strategies and seeds of requests play no part, and
        a `memberOf` that asks for running tasks is refused with `InvalidInputError`. Options as `placewright.pack` has them. It is
        worked out in a copy, so the cluster can be used meanwhile. Cost beside solving: instances × (tasks + requests).
        """
    def pack_json(self, document: _Document, /, *, progress: Union[_PackProgress, None] = None) -> dict[str, Any]:
        """As `pack`, from `{"requests", "options", "start"}` as JSON text or objects, to a dict as the command `pack` writes."""
    def rearrange(
        self,
        *,
        goal: Union[Literal["empty", "spread"], None] = None,
        group: Union[str, None] = None,
        attribute: Union[str, None] = None,
        moves: Union[int, None] = None,
        moves_per_group: Union[int, None] = None,
        stop_first: Union[bool, None] = None,
        skew_max: Union[int, None] = 1,
        pinned: Union[str, Iterable[str], None] = None,
        services: Union[Iterable[Mapping[str, Any]], None] = None,
        steps: Union[int, None] = None,
        seconds: Union[float, None] = None,
        progress: Union[_RearrangeProgress, None] = None,
    ) -> Rearrangement:
        """Plans moves of tasks that empty instances, or with the goal `spread` even out how groups, or one `group`, lie over the values of
        `attribute` (default: zones). Moves nothing; `apply` of the plan does.

        At most `moves` in all and `moves_per_group` of one group; no task moves twice. A move starts the task elsewhere and then stops
        it, with `stop_first` the other way round. No group gets further from even than it is, or than `skew_max` tasks (default 1; `None`
        does not look). Groups in `pinned` stay. `services`, as DescribeServices has them, tell the constraints that tasks were
        placed under. `steps` bounds the work, the same plan on every machine; `seconds` bounds the time. `progress` is called with
        `RearrangeProgress`, and ends it with what is planned so far by returning `False`; or it is a tqdm bar. Ctrl-C ends it.
        It is worked out in a copy, so the cluster can be used meanwhile.
        """
    def fragmentation(
        self, workload: Iterable[Union[WorkloadKind, Mapping[str, Any]]], /, *, instance: Union[str, None] = None
    ) -> Fragmentation:
        """How much of the GPUs that are free on ACTIVE instances, or on one instance, a target workload cannot use, in thousandths of a
        GPU. Cost: instances with GPUs times kinds. Raises `NotFoundError`, and `InvalidInputError` for what is no workload."""
    def weigh_by_scarcity(self, workload: Iterable[WorkloadKind], /) -> list[WorkloadKind]:
        """The same workload, each kind's weight times how scarce the GPUs are that it could fill: for `headroom` where tasks are bound to
        rare models. Weights are scaled to whole numbers within their range."""
    def rearrange_json(
        self,
        document: _Document,
        /,
        *,
        seconds: Union[float, None] = None,
        progress: Union[_RearrangeProgress, None] = None,
    ) -> dict[str, Any]:
        """As `rearrange`, from what `core/docs/rearrange.md` reads, as JSON text or objects, to a dict as the command writes."""
    def plot(self, *, resource: str = "memory", ax: Union[Axes, None] = None) -> Axes:
        """How full the instances are, through matplotlib: `resource` is `cpu`, `memory`, `gpus` or a custom one. Up to 60 instances
        are a bar each, their tasks coloured by group; of more it counts how many are how full, by zone. Needs the extra `plot`."""
    def _repr_html_(self) -> str: ...
    def _tasks_of(self, instances: list[str], /) -> Table: ...
    @property
    def running_tasks(self) -> int:
        """Number of tasks that count."""
    def running_tasks_of(self, group: str, /) -> int:
        """Number of tasks of a group that count."""
    @property
    def savepoints(self) -> int:
        """Number of open savepoints."""
    @property
    def custom_resources(self) -> list[str]:
        """Names of the declared custom resources."""
    @property
    def refused_definitions(self) -> list[tuple[str, str]]:
        """Task definitions that documents brought and ECS would refuse: name and reason."""
    @property
    def warnings(self) -> list[str]:
        """What was accepted so far and is worth a second look: the first hundred different ones. A copy has none."""
    @property
    def _version(self) -> tuple[int, int]: ...
    def _forget_warnings(self) -> None: ...
    @property
    def memory_usage(self) -> int:
        """Bytes the engine holds."""
    def fingerprint(self) -> int:
        """A number for instances and tasks, equal where those are equal; what rolling back restores. 128 bits. Task definitions,
        services and options are no part of it: a task is there with what it holds. Cost: linear in the cluster."""
    def to_json(self) -> str:
        """The whole state as canonical JSON, which `from_json` reads. Savepoints and prepared requests are no part of it.

        Ctrl-C ends it. Cost: linear in the cluster, about 1 s for 100,000 instances.
        """
    def to_dict(self) -> dict[str, Any]:
        """What `to_json` writes, as a dict."""
    def transaction(self) -> Transaction:
        """A savepoint as a context manager that gives the cluster: an exception rolls back, else it commits. `rollback()` inside
        takes everything back and closes it. Nests.

        Where the block ends otherwise than it promises, `ConflictError` says so: an exception leaves it after a `commit()` inside, or
        blocks of threads or coroutines overlap without nesting and the end of one closed the other. For what is no `Exception`, such
        as Ctrl-C, it is a `RuntimeWarning`. A transaction that is entered and dropped before its end is rolled back by the next call.
        """
    def begin(self) -> Savepoint:
        """Opens a savepoint inside those that are open."""
    def rollback(self, savepoint: Union[Savepoint, None] = None, /) -> None:
        """Goes back to a savepoint, by default the innermost, and closes it and those inside it. Raises `StaleHandleError` for a
        closed one, `ConflictError` where none is open."""
    def commit(self, savepoint: Union[Savepoint, None] = None, /) -> None:
        """Keeps what was done since a savepoint, by default the innermost, and closes it and those inside it."""
    def copy(self) -> Cluster:
        """A cluster of its own with the same state; no savepoint is open in it, and prepared requests are not its.

        Cost: linear in the cluster, about 25 ms for 100,000 instances; cannot be interrupted.
        """
    def __copy__(self) -> Cluster: ...
    def __deepcopy__(self, _memo: dict[int, Any], /) -> Cluster: ...
    def __reduce__(self) -> tuple[Callable[..., Cluster], tuple[bytes, str]]: ...
    def __len__(self) -> int:
        """Number of instances."""
    def __bool__(self) -> bool: ...
    def __contains__(self, instance: object, /) -> bool:
        """Whether an instance has this id."""

@final
class Request:
    """A request made ready for one cluster. It is released when it is collected, and can be neither copied nor pickled."""

    @property
    def cluster(self) -> Cluster:
        """The cluster it was prepared for."""
    @property
    def definition(self) -> str:
        """Name of the task definition, `family:revision`."""
    @property
    def group(self) -> str:
        """Task group."""
    @property
    def count(self) -> int:
        """Number of tasks it asks for."""
    @property
    def all_or_nothing(self) -> bool:
        """Whether it places all of its tasks or none."""
    def place(self, *, progress: Union[_Progress, None] = None) -> Result:
        """Places its tasks; see `Cluster.place`."""
    def explain(self) -> Explanation:
        """Why its next task would go where it goes; see `Cluster.explain`."""
    def __copy__(self) -> NoReturn: ...
    def __deepcopy__(self, _memo: Any, /) -> NoReturn: ...

@final
class Result:
    """What became of a request."""

    @property
    def placements(self) -> list[Placement]:
        """The tasks that were placed, in order, each with its instance."""
    @property
    def placed(self) -> int:
        """Number of tasks that were placed."""
    @property
    def rejected(self) -> int:
        """Number of tasks that were asked for and not placed."""
    @property
    def reasons(self) -> dict[str, int]:
        """Why the first task that was not placed went nowhere: how many instances gave each reason, in the words of ECS."""
    @property
    def table(self) -> Table:
        """The placements as columns: `task` and `instance`, by id."""
    def __copy__(self) -> Result: ...
    def __deepcopy__(self, _memo: dict[int, Any], /) -> Result: ...
    def __reduce__(self) -> tuple[Callable[..., Result], tuple[int, list[Any], list[Any]]]: ...
    def _repr_html_(self) -> str: ...
    def to_dict(self) -> dict[str, Any]:
        """ECS's answer to RunTask: `tasks` and `failures`."""

@final
class BulkResult:
    """What became of each request of a list, as arrays."""

    @property
    def instance(self) -> npt.NDArray[np.int32]:
        """For each request the position of its instance in `cluster.instance_ids`, as it was at the time; -1 where it was not
        placed. `[requests]`, not to be written to."""
    @property
    def task(self) -> npt.NDArray[np.int64]:
        """For each request the number of its task, which `stop` and `task` take; -1 where it was not placed. `[requests]`."""
    @property
    def placed(self) -> int:
        """Number of requests that were placed."""
    @property
    def rejected(self) -> int:
        """Number of requests that were not."""
    @property
    def table(self) -> Table:
        """The same as columns: `request`, its position; `instance` and `task` as above, missing where it was not placed."""
    def __reduce__(self) -> tuple[Callable[..., BulkResult], tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], int]]: ...
    def __len__(self) -> int: ...

@final
class Explanation:
    """Why a task goes where it goes, or nowhere. `str()` tells it in words."""

    @property
    def definition(self) -> str:
        """Name of the task definition."""
    @property
    def group(self) -> str:
        """Task group."""
    @property
    def funnel(self) -> dict[str, int]:
        """How many instances were left after each step: `registered`, `considered`, `meetRequirements`, `meetConstraints`."""
    @property
    def reasons(self) -> dict[str, int]:
        """How many instances failed each reason first, in the order of checks."""
    @property
    def rejected(self) -> list[dict[str, Any]]:
        """Every instance that fell away: `arn`, `reason`, and the figures where there are any."""
    @property
    def winner(self) -> Union[str, None]:
        """The instance that wins; `None` where none does."""
    @property
    def decided_by(self) -> Union[str, None]:
        """Which rule told the winner from the next best; `None` without a winner."""
    @property
    def nearest_miss(self) -> Union[str, None]:
        """What came nearest, in a phrase, where nothing wins."""
    @property
    def table(self) -> Table:
        """Every instance that was considered: `instance`, `reason` (missing where it would take the task), `asked`, `used`,
        `available`, `detail`."""
    def plot(self, *, ax: Union[Axes, None] = None) -> Axes:
        """How many instances fell away for each reason, through matplotlib. Needs the extra `plot`."""
    def __copy__(self) -> Explanation: ...
    def __deepcopy__(self, _memo: dict[int, Any], /) -> Explanation: ...
    def __reduce__(self) -> tuple[Callable[..., Explanation], tuple[str, str, Table]]: ...
    def _repr_html_(self) -> str: ...
    def to_dict(self) -> dict[str, Any]:
        """All of it."""

@final
class Savepoint:
    """A moment a cluster can go back to."""

    @property
    def is_open(self) -> bool:
        """Whether it can still be gone back to."""

@final
class Transaction:
    """A savepoint as a context manager; see `Cluster.transaction`. Ctrl-C while the end of the block waits for another thread is
    raised once the block is committed or rolled back."""

    def __enter__(self) -> Cluster: ...
    def __exit__(
        self,
        kind: Union[type[BaseException], None] = None,
        value: Union[BaseException, None] = None,
        traceback: Union[TracebackType, None] = None,
        /,
    ) -> Literal[False]: ...

@final
class Expression:
    """A cluster query, compiled. It belongs to no cluster."""

    @property
    def canonical(self) -> str:
        """The canonical text: equal for equal queries."""
    @property
    def source(self) -> str:
        """The text as it was given."""
    @property
    def attribute_names(self) -> list[str]:
        """Names of the attributes it reads, sorted."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

def compile(expression: str, /) -> Expression:
    """Compiles a cluster query. Raises `ExpressionError` with the place, `LimitError` for one that is too long or too deep."""

def conformance_check_packing(case: _Document, /) -> dict[str, Any]:
    """Runs a case of packing, buying a fleet or rearranging every way the format asks for and judges it: `id`, `verdict` (`pass` or
    `fail`), `reasons`."""

def conformance_digest_packing(outcomes: Iterable[tuple[str, Union[Mapping[str, Any], str]]], /) -> str:
    """The digest over what cases of packing came to: equal on all runners. An outcome is the id of the case, and an answer, whose
    `milliseconds` do not count, or the code of an error."""

def pack_json(document: _Document, /, *, progress: Union[_PackProgress, None] = None) -> dict[str, Any]:
    """Packs what a document of `core/docs/packing.md` says, JSON text or the objects it stands for, and gives what the command `pack`
    writes. `progress` and errors as `placewright.pack` has them; a time limit stands in `options.milliseconds`."""

def fleet_json(
    document: _Document,
    /,
    *,
    catalogue: Union[_Document, None] = None,
    only: Union[str, Expression, None] = None,
    progress: Union[_PackProgress, None] = None,
) -> dict[str, Any]:
    """Plans the fleet of a document of `core/docs/fleet.md`, and gives what the command `fleet` writes. `catalogue` are offers beside
    those of the document, as an array; `only` is a query that offers of `catalogue` are to satisfy."""

def conformance_replay(case: _Document, *, route: str = "auto", seed: int = 0) -> dict[str, Any]:
    """Runs the steps of a case and says what happened, judging nothing. Raises `ValueError` for what is no case."""

def conformance_check(case: _Document, *, ordered: bool = False) -> dict[str, Any]:
    """Runs a case every way the format asks for and judges it: `id`, `verdict` (`pass`, `fail` or `skip`), `reasons`, and
    `placements` as pairs of step and instance. `ordered` runs it in the given order only."""

def conformance_digest(reports: Iterable[Mapping[str, Any]], /) -> str:
    """The digest over every placement of these reports: equal on all runners. A report is what `check` gives, or any mapping
    with its `id` and `placements`."""

def _pack(
    items: object,
    bins: object,
    dimensions: Union[Iterable[str], None],
    attributes: object,
    rest: Mapping[str, Any],
    progress: Union[_PackProgress, None],
    /,
) -> _Parts: ...
def _fleet(
    items: object,
    catalogue: object,
    running: object,
    dimensions: Union[Iterable[str], None],
    attributes: object,
    only: Union[str, Expression, None],
    rest: Mapping[str, Any],
    progress: Union[_PackProgress, None],
    /,
) -> _Parts: ...
def _pack_live(cluster: Cluster, document: _Document, progress: Union[_PackProgress, None], /) -> _Parts: ...
def _apply_packing(
    cluster: Cluster, document: _Document, answer: _Document, progress: Union[_Progress, None], /
) -> Result: ...
def _apply_rearrangement(cluster: Cluster, plan: _Document, document: _Document, /) -> list[str]: ...
def _document(text: str, /) -> dict[str, Any]: ...
def _json(value: object, /) -> str: ...
def _milliseconds(seconds: float, /) -> int: ...
def _after_fork() -> None: ...
class _Usage(TypedDict):
    instances: int
    instances_used: int
    registered_cpu: int
    used_cpu: int
    stranded_cpu: int
    registered_memory_mib: int
    used_memory_mib: int
    stranded_memory_mib: int
    zones: dict[str, int]

def _usage(cluster: Cluster) -> _Usage: ...
def _table(parts: list[tuple[str, str, list[Any]]]) -> Table: ...
def _result(wanted: int, tasks: list[Any], failures: list[tuple[str, str, Union[str, None]]]) -> Result: ...
def _explanation(json: str, text: str, table: Table) -> Explanation: ...
def _bulk_result(instance: npt.NDArray[np.int32], task: npt.NDArray[np.int64], placed: int) -> BulkResult: ...
def _restore(state: bytes, route: str) -> Cluster: ...
