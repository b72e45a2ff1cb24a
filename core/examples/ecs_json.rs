//! Speaks ECS's own JSON: a described cluster and a RunTask request go in, the RunTask response comes out.
//!
//! `cargo run --features serde --example ecs_json` prints:
//!
//! ```text
//! registered web:1
//! task/placed-1 on arn:aws:ecs:eu-west-1:1:container-instance/demo/b
//! task/placed-2 on arn:aws:ecs:eu-west-1:1:container-instance/demo/a
//! task/placed-3 on arn:aws:ecs:eu-west-1:1:container-instance/demo/a
//! task/placed-4 on arn:aws:ecs:eu-west-1:1:container-instance/demo/a
//! arn:aws:ecs:eu-west-1:1:container-instance/demo/a: RESOURCE:MEMORY
//! arn:aws:ecs:eu-west-1:1:container-instance/demo/b: RESOURCE:MEMORY
//! InvalidParameterException: count: at most 10 tasks can be asked for at once, not 11
//! the same state: true
//! ```

use placewright::Error;
use placewright::adapter::{Session, SessionOptions};

/// As `aws ecs describe-container-instances` prints it, shortened to what placement reads.
const CLUSTER: &str = r#"{"containerInstances": [
    {"containerInstanceArn": "arn:aws:ecs:eu-west-1:1:container-instance/demo/a", "status": "ACTIVE", "agentConnected": true,
     "attributes": [{"name": "ecs.availability-zone", "value": "eu-west-1a"}],
     "registeredResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 2048},
                             {"name": "MEMORY", "type": "INTEGER", "integerValue": 3900}]},
    {"containerInstanceArn": "arn:aws:ecs:eu-west-1:1:container-instance/demo/b", "status": "ACTIVE", "agentConnected": true,
     "attributes": [{"name": "ecs.availability-zone", "value": "eu-west-1b"}],
     "registeredResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 1024},
                             {"name": "MEMORY", "type": "INTEGER", "integerValue": 1950}]}]}"#;

/// As it would be registered.
const WEB: &str = r#"{"family": "web", "containerDefinitions": [
    {"name": "app", "cpu": 512, "memory": 1024, "portMappings": [{"containerPort": 80}]}]}"#;

/// As the caller would send it.
const RUN: &str = r#"{"taskDefinition": "web", "count": 6, "placementStrategy": [
    {"type": "spread", "field": "attribute:ecs.availability-zone"}, {"type": "binpack", "field": "memory"}]}"#;

fn main() -> Result<(), Error> {
    let mut session = Session::from_json(CLUSTER, SessionOptions::default())?;
    println!("registered {}", session.register_task_definition(WEB)?);
    let answer = session.run_task(RUN)?;
    for task in &answer.tasks {
        println!("{} on {}", task.task_arn, task.container_instance_arn);
    }
    for failure in &answer.failures {
        println!("{}: {}", failure.arn, failure.reason);
    }
    for task in answer.tasks.iter().take(1) {
        session.stop_task(&task.task_arn)?;
    }
    if let Err(refused) = session.run_task(r#"{"taskDefinition": "web", "count": 11}"#) {
        println!("{}: {refused}", refused.kind().ecs_exception());
    }

    // The state as text; what reads it goes on as if nothing had happened.
    let again = Session::import(&session.export())?;
    println!("the same state: {}", again.export() == session.export());
    Ok(())
}
