//! Task definitions: what ECS takes, what it refuses, and what they come down to.

use placewright::definition::balancer::{BalancerKind, LoadBalancer, check_load_balancer, check_service_connect};
use placewright::definition::fargate::{FargateOffer, FargateSize, round_up, sizes, validate};
use placewright::definition::{
    Compatibility, Container, ContainerOverride, CpuArchitecture, GpuRequest, NetworkMode, Overrides, PortMapping,
    TaskDefinition,
};
use placewright::{ErrorKind, GpuDemand, Protocol};

/// A definition of one container with something in it.
fn one(container: Container) -> TaskDefinition {
    TaskDefinition::new("t").with_container(container)
}

/// A container with 128 units and 256 MiB.
fn app() -> Container {
    Container::new("app").with_cpu(128).with_memory_mib(256)
}

/// Asserts that a definition is refused with a kind, and part of the message.
fn check_refused(definition: &TaskDefinition, kind: ErrorKind, message: &str) {
    let error = definition.validate().expect_err(message);
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.message().contains(message), "{error:?}");
}

/// CPU and memory that one task takes.
fn takes(definition: &TaskDefinition) -> (i64, i64) {
    definition.validate().unwrap();
    let demand = definition.demand(&Overrides::default()).unwrap();
    (demand.cpu, demand.memory_mib)
}

#[test]
fn amounts_follow_the_worked_example() {
    let base = TaskDefinition::new("t")
        .with_container(Container::new("a").with_cpu(256).with_memory_mib(512).with_memory_reservation_mib(256))
        .with_container(Container::new("b").with_memory_mib(300));
    assert_eq!(takes(&base), (256, 556));
    assert_eq!(takes(&base.clone().with_cpu(512).with_memory_mib(1024)), (512, 1024));
    assert_eq!(takes(&base.clone().with_cpu(1024)), (1024, 556));
    let mut windows = base.clone().with_cpu(512).with_memory_mib(1024);
    windows.os_family = Some("WINDOWS_SERVER_2022_CORE".into());
    assert_eq!(takes(&windows), (256, 556));
    assert_eq!(takes(&base.with_cpu(0).with_memory_mib(0)), (256, 556));
}

#[test]
fn sums_never_wrap() {
    let huge = TaskDefinition::new("t")
        .with_container(Container::new("a").with_cpu(i64::MAX).with_memory_mib(i64::MAX).with_custom("L", i64::MAX))
        .with_container(Container::new("b").with_cpu(i64::MAX).with_memory_mib(2).with_custom("L", 2));
    assert_eq!(takes(&huge), (i64::MAX, i64::MAX));
    let demand = huge.demand(&Overrides::default()).unwrap();
    assert_eq!(demand.custom, [("L".to_string(), i64::MAX)]);
    assert_eq!(takes(&one(Container::new("a").with_cpu((1 << 32) + 1).with_memory_mib(1))), ((1 << 32) + 1, 1));
}

#[test]
fn task_level_amounts_must_hold_the_containers() {
    use ErrorKind::{InvalidAmount, InvalidDefinition};
    let cpu = "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.";
    check_refused(&one(app().with_cpu(257)).with_cpu(256), InvalidDefinition, cpu);
    one(app().with_cpu(256)).with_cpu(256).validate().unwrap();
    let hard = "The 'memory' setting for container 'app' is greater than for the task.";
    check_refused(
        &one(app().with_memory_mib(513).with_memory_reservation_mib(1)).with_memory_mib(512),
        InvalidDefinition,
        hard,
    );
    let two = one(app()).with_container(Container::new("b").with_memory_mib(256));
    two.clone().with_memory_mib(512).validate().unwrap();
    check_refused(&two.with_memory_mib(511), InvalidDefinition, "'memory'");
    check_refused(&one(app().with_memory_reservation_mib(257)), InvalidDefinition, "memoryReservation");
    one(app().with_memory_reservation_mib(256)).validate().unwrap();
    check_refused(&one(Container::new("app").with_cpu(1)), InvalidDefinition, "At least one of 'memory'");
    one(Container::new("app")).with_memory_mib(100).validate().unwrap();
    for cpu in [127, 196_609] {
        check_refused(&one(Container::new("a").with_memory_mib(9)).with_cpu(cpu), InvalidDefinition, "outside 128");
    }
    check_refused(&one(app().with_cpu(-1)), InvalidAmount, "below zero");
    check_refused(&one(app()).with_memory_mib(-1), InvalidAmount, "below zero");
}

#[test]
fn names_counts_and_essential_containers_are_checked() {
    use ErrorKind::{InvalidDefinition, LimitExceeded};
    check_refused(&TaskDefinition::new("t"), InvalidDefinition, "at least one container");
    let many = (0..11).fold(TaskDefinition::new("t"), |definition, index| {
        definition.with_container(Container::new(format!("c{index}")).with_memory_mib(10))
    });
    check_refused(&many, LimitExceeded, "at most 10");
    check_refused(&one(app()).with_container(app()), InvalidDefinition, "used twice");
    check_refused(&one(app().not_essential()), InvalidDefinition, "essential");
    for name in ["", "a b", "ä", "a.b"] {
        check_refused(&one(Container::new(name).with_memory_mib(9)), InvalidDefinition, "letters");
        let mut definition = one(app());
        definition.family = name.into();
        check_refused(&definition, InvalidDefinition, "letters");
    }
    one(Container::new("a".repeat(255)).with_memory_mib(9)).validate().unwrap();
    check_refused(&one(Container::new("a".repeat(256)).with_memory_mib(9)), LimitExceeded, "255");
}

#[test]
fn ports_follow_the_network_mode() {
    use NetworkMode::{Awsvpc, Bridge, Host};
    let ports = |mode, mapping| {
        let definition = one(app().with_port(mapping)).with_network_mode(mode);
        definition.validate().unwrap();
        let demand = definition.demand(&Overrides::default()).unwrap();
        (demand.ports, demand.eni)
    };
    assert_eq!(ports(Bridge, PortMapping::tcp(80)), (vec![], false));
    assert_eq!(ports(Bridge, PortMapping::tcp(80).on_host(0)), (vec![], false));
    assert_eq!(ports(Bridge, PortMapping::udp(53).on_host(53)), (vec![(Protocol::Udp, 53)], false));
    assert_eq!(ports(Host, PortMapping::tcp(8080)), (vec![(Protocol::Tcp, 8080)], false));
    assert_eq!(ports(Host, PortMapping::tcp(8080).on_host(0)), (vec![(Protocol::Tcp, 8080)], false));
    assert_eq!(ports(Awsvpc, PortMapping::tcp(80).on_host(80)), (vec![], true));
    assert_eq!(ports(Bridge, PortMapping::range(8000, 8010, Protocol::Tcp)), (vec![], false));

    let refused = |mode, container: Container, message| {
        check_refused(&one(container).with_network_mode(mode), ErrorKind::InvalidDefinition, message);
    };
    refused(Host, app().with_port(PortMapping::tcp(80).on_host(8080)), "must be absent or equal");
    refused(Awsvpc, app().with_port(PortMapping::tcp(80).on_host(8080)), "must be absent or equal");
    refused(NetworkMode::None, app().with_port(PortMapping::tcp(80)), "not allowed");
    refused(Host, app().with_port(PortMapping::range(1, 2, Protocol::Tcp)), "needs network mode");
    refused(Bridge, app().with_port(PortMapping::range(2, 2, Protocol::Tcp)), "does not rise");
    let overlap =
        app().with_port(PortMapping::range(1, 5, Protocol::Tcp)).with_port(PortMapping::range(5, 9, Protocol::Tcp));
    refused(Bridge, overlap, "overlaps");
    let range = || app().with_port(PortMapping::range(1, 5, Protocol::Tcp));
    refused(Bridge, range().with_port(PortMapping::tcp(3)), "overlaps");
    one(range().with_port(PortMapping::range(5, 9, Protocol::Udp)).with_port(PortMapping::udp(3))).validate().unwrap();
    check_refused(&one(app().with_port(PortMapping::tcp(0))), ErrorKind::InvalidPort, "1 to 65535");
}

#[test]
fn a_host_port_is_mapped_once_in_a_task() {
    let clash = "TCP host port '3000' is mapped multiple times in task.";
    let other = Container::new("b").with_memory_mib(10);
    let definition = one(app().with_port(PortMapping::tcp(1).on_host(3000)))
        .with_container(other.clone().with_port(PortMapping::tcp(2).on_host(3000)));
    check_refused(&definition, ErrorKind::InvalidDefinition, clash);
    assert!(definition.demand(&Overrides::default()).unwrap().ports_clash);
    for mode in [NetworkMode::Host, NetworkMode::Awsvpc] {
        let definition = one(app().with_port(PortMapping::tcp(3000)))
            .with_container(other.clone().with_port(PortMapping::tcp(3000)))
            .with_network_mode(mode);
        check_refused(&definition, ErrorKind::InvalidDefinition, clash);
    }
    for mode in [NetworkMode::Bridge, NetworkMode::Host, NetworkMode::Awsvpc] {
        let both = app().with_port(PortMapping::tcp(53)).with_port(PortMapping::udp(53));
        one(both).with_network_mode(mode).validate().unwrap();
    }
}

#[test]
fn gpus_are_whole_all_sliced_or_shared() {
    let gpus = |definition: TaskDefinition| {
        definition.validate()?;
        Ok::<_, placewright::Error>(definition.demand(&Overrides::default())?.gpus)
    };
    let with = |request| one(app().with_gpu(request));
    let plus = |first, second| with(first).with_container(Container::new("b").with_memory_mib(9).with_gpu(second));
    assert_eq!(gpus(plus(GpuRequest::Whole(2), GpuRequest::Whole(1))), Ok(GpuDemand::Whole(3)));
    assert_eq!(gpus(with(GpuRequest::All)), Ok(GpuDemand::All));
    assert_eq!(gpus(with(GpuRequest::Slice(125))), Ok(GpuDemand::Slice(125)));
    assert_eq!(gpus(with(GpuRequest::Share(999))), Ok(GpuDemand::Share(999)));
    for alone in [GpuRequest::All, GpuRequest::Slice(500), GpuRequest::Share(1)] {
        assert_eq!(gpus(plus(GpuRequest::Whole(1), alone)).unwrap_err().kind(), ErrorKind::InvalidDefinition);
        assert_eq!(gpus(plus(alone, alone)).unwrap_err().kind(), ErrorKind::InvalidDefinition);
    }
    let mut windows = with(GpuRequest::Whole(1));
    windows.os_family = Some("WINDOWS_SERVER_2022_CORE".into());
    check_refused(&windows, ErrorKind::InvalidDefinition, "Windows");
}

#[test]
fn accelerators_and_platforms_become_required_attributes() {
    let mut definition = one(app());
    definition.containers[0].accelerators.push("eia".into());
    check_refused(&definition, ErrorKind::InvalidDefinition, "inference accelerator `eia`");
    definition.inference_accelerators.push("eia".into());
    definition.cpu_architecture = Some(CpuArchitecture::Arm64);
    definition.os_family = Some("LINUX".into());
    definition.validate().unwrap();
    let demand = definition.demand(&Overrides::default()).unwrap();
    assert_eq!(demand.required_attributes[0].name, "ecs.capability.task-eia");
    assert_eq!((demand.cpu_architecture.as_deref(), demand.os_type.as_deref()), (Some("arm64"), Some("linux")));
}

#[test]
fn overrides_replace_what_the_definition_says() {
    let definition = one(app()).with_container(Container::new("b").with_cpu(2).with_memory_mib(3));
    let change = ContainerOverride { name: "app".into(), cpu: Some(200), memory_mib: Some(512), ..Default::default() };
    let overrides = Overrides { containers: vec![change.clone()], ..Overrides::default() };
    let demand = definition.demand(&overrides).unwrap();
    assert_eq!((demand.cpu, demand.memory_mib), (202, 515));
    let demand = definition.demand(&Overrides { cpu: Some(512), memory_mib: Some(1024), ..overrides }).unwrap();
    assert_eq!((demand.cpu, demand.memory_mib), (512, 1024));
    let unknown = ContainerOverride { name: "zzz".into(), ..change.clone() };
    let error = definition.demand(&Overrides { containers: vec![unknown], ..Overrides::default() }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidParameter);
    assert_eq!(error.message(), "Override for container named zzz is not a container in the TaskDefinition.");
    let negative = ContainerOverride { cpu: Some(-1), ..change };
    let error = definition.demand(&Overrides { containers: vec![negative], ..Overrides::default() }).unwrap_err();
    assert_eq!((error.kind(), error.path()), (ErrorKind::InvalidAmount, Some("overrides.containerOverrides[0].cpu")));
}

#[test]
fn overrides_must_leave_a_definition_that_stands() {
    let definition = one(app()).with_container(Container::new("b").with_cpu(2).with_memory_mib(3));
    let (cpu, memory_mib) = takes(&definition);
    let change = |name: &str| ContainerOverride { name: name.into(), ..ContainerOverride::default() };
    let check = |overrides: Overrides, message: Option<&str>| {
        definition.demand(&overrides).unwrap();
        let error = definition.validate_overrides(&overrides).err();
        assert_eq!(error.as_ref().map(placewright::Error::message), message, "{overrides:?}");
        assert!(error.is_none_or(|error| error.kind() == ErrorKind::InvalidDefinition));
    };
    let of = |containers: Vec<ContainerOverride>| Overrides { containers, ..Overrides::default() };
    check(Overrides::default(), None);
    check(Overrides { cpu: Some(cpu.max(128)), memory_mib: Some(memory_mib), ..Overrides::default() }, None);
    check(
        Overrides { memory_mib: Some(memory_mib - 1), ..Overrides::default() },
        Some("The sum of all container 'memory' values cannot be greater than the value of the task 'memory'."),
    );
    check(
        Overrides {
            memory_mib: Some(1000),
            containers: vec![ContainerOverride {
                memory_mib: Some(1001),
                memory_reservation_mib: Some(1),
                ..change("b")
            }],
            ..Overrides::default()
        },
        Some("The 'memory' setting for container 'b' is greater than for the task."),
    );
    check(
        Overrides {
            cpu: Some(128),
            containers: vec![ContainerOverride { cpu: Some(129), ..change("app") }],
            ..Overrides::default()
        },
        Some("The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'."),
    );
    check(
        Overrides { cpu: Some(127), ..Overrides::default() },
        Some("Invalid 'cpu' setting for task. `127` is outside 128 to 196608"),
    );
    check(
        of(vec![ContainerOverride { memory_reservation_mib: Some(4), ..change("b") }]),
        Some("Invalid setting for container 'b'. The 'memory' value 3 is below the 'memoryReservation' value 4."),
    );
    check(
        of(vec![ContainerOverride { memory_mib: Some(0), ..change("b") }]),
        Some("Invalid setting for container 'b'. At least one of 'memory' or 'memoryReservation' must be specified."),
    );
}

#[test]
fn what_people_regret_is_a_warning() {
    let definition = one(app().with_memory_mib(5).with_port(PortMapping::tcp(1).on_host(40000)));
    definition.validate().unwrap();
    let warnings = definition.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("5 MiB") && warnings[1].contains("40000"));
    assert!(one(app().with_memory_mib(6)).warnings().is_empty());
}

#[test]
fn fargate_offers_seventy_seven_sizes() {
    let all = FargateOffer::default();
    assert_eq!(sizes(all).count(), 77);
    assert_eq!(sizes(FargateOffer { has_32_vcpu: false, ..all }).count(), 74);
    assert_eq!(sizes(FargateOffer { has_platform_1_4: false, ..all }).count(), 50);
    assert_eq!(sizes(FargateOffer { is_windows: true, ..all }).count(), 43);
    for FargateSize { cpu, memory_mib } in sizes(all) {
        validate(cpu, memory_mib, all).unwrap();
        assert_eq!(round_up(cpu, memory_mib, all), Some(FargateSize { cpu, memory_mib }));
    }
    for (cpu, memory_mib, is_valid) in [
        (256, 4096, false),
        (4096, 30720, true),
        (4096, 31744, false),
        (8192, 18432, false),
        (8192, 20480, true),
        (16384, 122_880, true),
        (32768, 65536, false),
        (32768, 249_856, true),
    ] {
        assert_eq!(validate(cpu, memory_mib, all).is_ok(), is_valid, "{cpu} {memory_mib}");
    }
    assert_eq!(validate(300, 512, all).unwrap_err().message(), "Invalid 'cpu' setting for task.");
    assert_eq!(validate(256, 513, all).unwrap_err().message(), "No Fargate configuration exists for given values.");
    assert_eq!(round_up(300, 5000, all), Some(FargateSize { cpu: 1024, memory_mib: 5120 }));
    assert_eq!(round_up(0, 0, all), Some(FargateSize { cpu: 256, memory_mib: 512 }));
    assert_eq!(round_up(4097, 1, all), Some(FargateSize { cpu: 8192, memory_mib: 16384 }));
    assert_eq!(round_up(32769, 1, all), None);
    assert_eq!(round_up(1, 249_857, all), None);
}

#[test]
fn a_definition_for_fargate_has_one_of_its_sizes() {
    let mut definition = one(Container::new("app")).with_network_mode(NetworkMode::Awsvpc);
    definition.requires_compatibilities.push(Compatibility::Fargate);
    definition.cpu = Some(256);
    definition.memory_mib = Some(512);
    definition.validate().unwrap();
    definition.memory_mib = Some(513);
    check_refused(&definition, ErrorKind::InvalidFargateSize, "No Fargate configuration");
    definition.memory_mib = Some(512);
    check_refused(&definition.clone().with_network_mode(NetworkMode::Bridge), ErrorKind::InvalidDefinition, "awsvpc");
    definition.containers[0].gpu = Some(GpuRequest::Whole(1));
    check_refused(&definition, ErrorKind::InvalidDefinition, "no GPUs");
}

#[test]
fn load_balancers_need_a_fitting_port() {
    let balancer = |kind, container_port| LoadBalancer { kind, container: "app".into(), container_port };
    let check = |definition: &TaskDefinition, balancer: &LoadBalancer| {
        check_load_balancer(definition, balancer).map_err(|error| (error.kind(), error.message().to_string()))
    };
    let dynamic = one(app().with_port(PortMapping::tcp(80)));
    let fixed = one(app().with_port(PortMapping::tcp(80).on_host(8080)));
    assert!(check(&dynamic, &balancer(BalancerKind::TargetGroup, 80)).is_ok());
    assert!(check(&fixed, &balancer(BalancerKind::Classic, 80)).is_ok());
    assert!(check(&dynamic.clone().with_network_mode(NetworkMode::Host), &balancer(BalancerKind::Classic, 80)).is_ok());
    assert!(check(&dynamic, &balancer(BalancerKind::Classic, 80)).is_err());
    assert!(
        check(&dynamic.clone().with_network_mode(NetworkMode::Awsvpc), &balancer(BalancerKind::Classic, 80)).is_err()
    );
    let missing = check(&dynamic, &balancer(BalancerKind::TargetGroup, 81)).unwrap_err();
    assert_eq!(missing.1, "The container app did not have a container port 81 defined.");
    let twice = one(app().with_port(PortMapping::tcp(53)).with_port(PortMapping::udp(53)));
    twice.validate().unwrap();
    let error = check(&twice, &balancer(BalancerKind::TargetGroup, 53)).unwrap_err();
    let words = "Container port 53 is used in more than one port mapping for container app";
    assert_eq!(error, (ErrorKind::InvalidParameter, words.to_string()));
}

#[test]
fn service_connect_needs_a_port_mapped_once() {
    let definition = one(app()
        .with_port(PortMapping::tcp(53).named("query"))
        .with_port(PortMapping::udp(53))
        .with_port(PortMapping::tcp(80).named("http"))
        .with_port(PortMapping::range(100, 110, Protocol::Tcp).named("range")));
    definition.validate().unwrap();
    for name in ["http", "range", "nosuch", ""] {
        assert!(check_service_connect(&definition, name).is_ok(), "{name}");
    }
    let error = check_service_connect(&definition, "query").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidParameter);
    assert_eq!(error.message(), "Container port 53 is used in more than one port mapping for container app");
}
