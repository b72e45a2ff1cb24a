//! What kind of document a file is, and keys in it that are probably slips: a key nobody reads is ignored, as ECS may have new
//! ones, so one that is nearly a known one, or one of ours in another place than its own, is worth a word.

use std::collections::BTreeSet;

use placewright::error::nearest;
use placewright::json::Json;
use placewright::wire;

/// Most characters of a key that a warning repeats.
const SHOWN_CHARS: usize = 80;
/// Most warnings about one file.
const WARNINGS_MAX: usize = 20;

/// What a file is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    /// A cluster.
    Cluster,
    /// A task definition.
    Definition,
    /// Running tasks.
    Tasks,
    /// A RunTask request.
    Request,
}

impl Document {
    /// What it is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cluster => "a cluster",
            Self::Definition => "a task definition",
            Self::Tasks => "a list of tasks",
            Self::Request => "a RunTask request",
        }
    }

    /// The kind that a document is by the keys at its top; `None` where they do not tell.
    pub(crate) fn of(json: &Json<'_>) -> Option<Self> {
        let has = |key| json.get(key).is_some();
        if has("containerInstances") {
            return Some(Self::Cluster);
        }
        if has("containerDefinitions") || matches!(json.get("taskDefinition"), Some(Json::Object(_))) {
            return Some(Self::Definition);
        }
        if matches!(json.get("taskDefinition"), Some(Json::Text(_))) {
            return Some(Self::Request);
        }
        has("tasks").then_some(Self::Tasks)
    }
}

/// An object of ECS: what it is called, the keys it has, read here or not, and the objects inside.
struct Shape {
    /// What it is called.
    name: &'static str,
    /// Its keys, and what the objects are that stand there or in the array there.
    keys: &'static [(&'static str, Option<&'static Shape>)],
}

/// A record of a resource.
const RESOURCE: Shape = Shape {
    name: "a resource",
    keys: &[
        ("name", None),
        ("type", None),
        ("integerValue", None),
        ("longValue", None),
        ("doubleValue", None),
        ("stringSetValue", None),
    ],
};

/// An attribute.
const ATTRIBUTE: Shape =
    Shape { name: "an attribute", keys: &[("name", None), ("value", None), ("targetId", None), ("targetType", None)] };

/// A container instance.
const INSTANCE: Shape = Shape {
    name: "a container instance",
    keys: &[
        ("agentConnected", None),
        ("agentUpdateStatus", None),
        ("attachments", None),
        ("attributes", Some(&ATTRIBUTE)),
        ("capacityProviderName", None),
        ("containerInstanceArn", None),
        ("ec2InstanceId", None),
        ("healthStatus", None),
        ("pendingTasksCount", None),
        ("registeredAt", None),
        ("registeredResources", Some(&RESOURCE)),
        ("remainingResources", Some(&RESOURCE)),
        ("runningTasksCount", None),
        ("status", None),
        ("statusReason", None),
        ("tags", None),
        ("version", None),
        ("versionInfo", None),
        ("xEniTaskSlots", None),
    ],
};

/// A port mapping.
const PORT: Shape = Shape {
    name: "a port mapping",
    keys: &[
        ("appProtocol", None),
        ("containerPort", None),
        ("containerPortRange", None),
        ("hostPort", None),
        ("name", None),
        ("protocol", None),
    ],
};

/// A container definition.
const CONTAINER: Shape = Shape {
    name: "a container definition",
    keys: &[
        ("command", None),
        ("cpu", None),
        ("credentialSpecs", None),
        ("dependsOn", None),
        ("disableNetworking", None),
        ("dnsSearchDomains", None),
        ("dnsServers", None),
        ("dockerLabels", None),
        ("dockerSecurityOptions", None),
        ("entryPoint", None),
        ("environment", None),
        ("environmentFiles", None),
        ("essential", None),
        ("extraHosts", None),
        ("firelensConfiguration", None),
        ("healthCheck", None),
        ("hostname", None),
        ("image", None),
        ("interactive", None),
        ("links", None),
        ("linuxParameters", None),
        ("logConfiguration", None),
        ("memory", None),
        ("memoryReservation", None),
        ("mountPoints", None),
        ("name", None),
        ("portMappings", Some(&PORT)),
        ("privileged", None),
        ("pseudoTerminal", None),
        ("readonlyRootFilesystem", None),
        ("repositoryCredentials", None),
        ("resourceRequirements", None),
        ("restartPolicy", None),
        ("secrets", None),
        ("startTimeout", None),
        ("stopTimeout", None),
        ("systemControls", None),
        ("ulimits", None),
        ("user", None),
        ("versionConsistency", None),
        ("volumesFrom", None),
        ("workingDirectory", None),
        ("xResources", None),
    ],
};

/// A task definition.
const DEFINITION: Shape = Shape {
    name: "a task definition",
    keys: &[
        ("compatibilities", None),
        ("containerDefinitions", Some(&CONTAINER)),
        ("cpu", None),
        ("deregisteredAt", None),
        ("enableFaultInjection", None),
        ("ephemeralStorage", None),
        ("executionRoleArn", None),
        ("family", None),
        ("inferenceAccelerators", None),
        ("ipcMode", None),
        ("memory", None),
        ("networkMode", None),
        ("pidMode", None),
        ("placementConstraints", None),
        ("proxyConfiguration", None),
        ("registeredAt", None),
        ("registeredBy", None),
        ("requiresAttributes", None),
        ("requiresCompatibilities", None),
        ("revision", None),
        ("runtimePlatform", None),
        ("status", None),
        ("tags", None),
        ("taskDefinitionArn", None),
        ("taskRoleArn", None),
        ("volumes", None),
    ],
};

/// What `describe-task-definition` prints: the definition inside.
const DESCRIBED: Shape =
    Shape { name: "a task definition", keys: &[("taskDefinition", Some(&DEFINITION)), ("tags", None)] };

/// A running task.
const TASK: Shape = Shape {
    name: "a task",
    keys: &[
        ("attachments", None),
        ("attributes", None),
        ("availabilityZone", None),
        ("capacityProviderName", None),
        ("clusterArn", None),
        ("connectivity", None),
        ("connectivityAt", None),
        ("containerInstanceArn", None),
        ("containers", None),
        ("cpu", None),
        ("createdAt", None),
        ("desiredStatus", None),
        ("enableExecuteCommand", None),
        ("ephemeralStorage", None),
        ("executionStoppedAt", None),
        ("fargateEphemeralStorage", None),
        ("group", None),
        ("healthStatus", None),
        ("inferenceAccelerators", None),
        ("lastStatus", None),
        ("launchType", None),
        ("memory", None),
        ("overrides", None),
        ("platformFamily", None),
        ("platformVersion", None),
        ("protectionEnabled", None),
        ("pullStartedAt", None),
        ("pullStoppedAt", None),
        ("startedAt", None),
        ("startedBy", None),
        ("stopCode", None),
        ("stoppedAt", None),
        ("stoppedReason", None),
        ("stoppingAt", None),
        ("tags", None),
        ("taskArn", None),
        ("taskDefinitionArn", None),
        ("version", None),
    ],
};

/// A cluster, or a list of tasks.
const CLUSTER: Shape = Shape {
    name: "a cluster",
    keys: &[
        ("containerInstances", Some(&INSTANCE)),
        ("tasks", Some(&TASK)),
        ("taskDefinitions", Some(&DEFINITION)),
        ("failures", None),
        ("xResources", None),
        ("xSubnets", None),
    ],
};

/// Keys of ours, and where they are read.
const OURS: [(&str, &str); 6] = [
    ("xAllOrNothing", "a request"),
    ("xEniTaskSlots", "a container instance"),
    ("xGpuShare", "`resourceRequirements` of a container definition, as a `type`"),
    ("xResources", "a container definition, and the top of a cluster"),
    ("xSeed", "a request"),
    ("xSubnets", "the top of a cluster"),
];

/// A warning for each key of a document that is probably a slip: nearly a known one, or one of ours where nobody reads it. Each
/// once, however many objects have it.
pub(crate) fn suspects(json: &Json<'_>, document: Document) -> Vec<String> {
    let shape = match document {
        // The session itself warns of keys of a request.
        Document::Request => return Vec::new(),
        // What this program wrote needs no second look.
        Document::Cluster if wire::is_exported(json) => return Vec::new(),
        Document::Cluster if matches!(json, Json::Array(_)) => &INSTANCE,
        Document::Tasks if matches!(json, Json::Array(_)) => &TASK,
        Document::Cluster | Document::Tasks => &CLUSTER,
        Document::Definition if json.get("taskDefinition").is_some() => &DESCRIBED,
        Document::Definition => &DEFINITION,
    };
    let (mut seen, mut warnings) = (BTreeSet::new(), Vec::new());
    look(json, shape, &mut seen, &mut warnings);
    warnings
}

/// Looks at an object, or at each of an array, and at those inside.
fn look<'j>(
    json: &'j Json<'_>,
    shape: &'static Shape,
    seen: &mut BTreeSet<(&'static str, &'j str)>,
    warnings: &mut Vec<String>,
) {
    let entries = match json {
        Json::Array(items) => return items.iter().for_each(|item| look(item, shape, seen, warnings)),
        Json::Object(entries) => entries,
        _ => return,
    };
    for (key, value) in entries {
        if let Some((_, inside)) = shape.keys.iter().find(|(known, _)| known == key) {
            inside.iter().for_each(|inside| look(value, inside, seen, warnings));
            continue;
        }
        if warnings.len() >= WARNINGS_MAX || !seen.insert((shape.name, key)) {
            continue;
        }
        let shown: String = key.chars().take(SHOWN_CHARS).collect();
        if let Some((_, place)) = OURS.iter().find(|(ours, _)| ours == key) {
            warnings.push(format!("`{shown}` is not read in {}; it belongs into {place}", shape.name));
        } else if let Some(near) = nearest(key, shape.keys.iter().map(|(known, _)| *known)) {
            warnings.push(format!("{} has no key `{shown}`; did you mean `{near}`?", shape.name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The warnings about a text.
    fn of(text: &str, document: Document) -> Vec<String> {
        suspects(&Json::parse(text).unwrap_or(Json::Null), document)
    }

    #[test]
    fn slips_are_told_once_with_what_was_meant() {
        let cluster = r#"{"containerInstances": [
            {"containerInstanceArn": "a", "atributes": [], "registeredResources": [{"nam": "CPU"}], "runningTaskCount": 1},
            {"containerInstanceArn": "b", "atributes": [], "somethingElseOfTheFuture": 1}], "failure": []}"#;
        assert_eq!(
            of(cluster, Document::Cluster),
            [
                "a container instance has no key `atributes`; did you mean `attributes`?",
                "a resource has no key `nam`; did you mean `name`?",
                "a container instance has no key `runningTaskCount`; did you mean `runningTasksCount`?",
                "a cluster has no key `failure`; did you mean `failures`?",
            ]
        );
        let array = r#"[{"containerInstanceArn": "a", "statu": "ACTIVE"}]"#;
        assert_eq!(of(array, Document::Cluster), ["a container instance has no key `statu`; did you mean `status`?"]);
        let definition = r#"{"taskDefinition": {"family": "a", "containerDefinition": [],
            "containerDefinitions": [{"name": "a", "memry": 5, "portMappings": [{"hostport": 80}]}]}}"#;
        assert_eq!(
            of(definition, Document::Definition),
            [
                "a task definition has no key `containerDefinition`; did you mean `containerDefinitions`?",
                "a container definition has no key `memry`; did you mean `memory`?",
                "a port mapping has no key `hostport`; did you mean `hostPort`?",
            ]
        );
    }

    #[test]
    fn keys_of_ours_in_another_place_are_told() {
        let definition = r#"{"family": "a", "xGpuShare": "500",
            "containerDefinitions": [{"name": "a", "memory": 5, "xGpuShare": "500", "xResources": {"lic": 1}}]}"#;
        let place = "it belongs into `resourceRequirements` of a container definition, as a `type`";
        assert_eq!(
            of(definition, Document::Definition),
            [
                format!("`xGpuShare` is not read in a task definition; {place}"),
                format!("`xGpuShare` is not read in a container definition; {place}"),
            ]
        );
    }

    #[test]
    fn kinds_are_told_by_their_keys() {
        for (text, kind) in [
            (r#"{"containerInstances": []}"#, Some(Document::Cluster)),
            (r#"{"taskDefinition": {"family": "a"}}"#, Some(Document::Definition)),
            (r#"{"family": "a", "containerDefinitions": []}"#, Some(Document::Definition)),
            (r#"{"taskDefinition": "a", "count": 3}"#, Some(Document::Request)),
            (r#"{"tasks": []}"#, Some(Document::Tasks)),
            ("[]", None),
            ("{}", None),
        ] {
            assert_eq!(Document::of(&Json::parse(text).unwrap_or(Json::Null)), kind, "{text}");
        }
    }

    #[test]
    fn a_file_with_very_many_slips_is_told_of_in_part() {
        let keys: Vec<String> = (0..100).map(|number| format!(r#""status{number}": 1"#)).collect();
        let text = format!(r#"[{{{}}}]"#, keys.join(", "));
        assert_eq!(of(&text, Document::Cluster).len(), WARNINGS_MAX);
    }
}
