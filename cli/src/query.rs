//! `query`: the instances that satisfy an expression, as `list-container-instances --filter` would list them.

use std::process::ExitCode;

use placewright::adapter::Session;
use placewright::error::nearest;
use placewright::expr::{self, Subject};
use placewright::json::Json;

use crate::args::{QueryArgs, QueryFormat};
use crate::document::{self, Document};
use crate::io::{self, Failure};
use crate::table;

/// Asks every instance.
pub(crate) fn run(args: &QueryArgs) -> Result<ExitCode, Failure> {
    let (cluster, filter) = args.files()?;
    io::check_standard_input(cluster.iter().chain(&args.tasks))?;
    let mut session = document::cluster(&cluster, &[])?;
    for tasks in &args.tasks {
        document::with_document(tasks, Document::Tasks, |json| session.load_tasks_json(json))?;
    }
    if let Some(filter) = filter {
        let expression = expr::compile(filter);
        let expression = expression.map_err(|error| document::in_argument("expression", Some(filter), &error))?;
        tell_absent(&session, expression.attribute_names());
        let asks_for_groups = expression.program().leaves().iter().any(|leaf| leaf.subject() == Subject::TaskGroup);
        if asks_for_groups && session.cluster().tasks().len() == 0 {
            io::complain("warning: no tasks are known, so `task:group` finds none (give them by --tasks)");
        }
    }
    let entries = [("filter", filter), ("status", args.status.as_deref())];
    let request = Json::object(entries.into_iter().filter_map(|(key, text)| Some((key, Json::from(text?)))));
    let answer = session.list_container_instances_json(&request);
    let answer = answer.map_err(|error| document::in_argument("query", filter, &error))?;
    let text = match args.format {
        QueryFormat::Ids => answer.container_instance_arns.iter().map(|arn| io::one_line(arn) + "\n").collect(),
        QueryFormat::Json => format!("{}\n", answer.to_json().to_canonical()),
        QueryFormat::Table => rows(&session, &answer.container_instance_arns),
    };
    io::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Warns of attributes that no instance carries: the expression is right, and probably not meant so.
fn tell_absent<'e>(session: &Session, names: impl Iterator<Item = &'e str>) {
    let known: Vec<&str> = session.cluster().attribute_names().collect();
    for name in names.filter(|name| !known.contains(name)) {
        let near = nearest(name, known.iter().copied());
        let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        io::complain(&format!("warning: no instance has the attribute `{name}`{help}"));
    }
}

/// A table of these instances.
fn rows(session: &Session, names: &[String]) -> String {
    let cluster = session.cluster();
    let ids = names.iter().filter_map(|name| session.instance_id(name).ok());
    let views = ids.filter_map(|id| cluster.instance(id).ok());
    let rows: Vec<Vec<String>> = views
        .map(|instance| {
            let attribute = |name| instance.attribute(name).unwrap_or("-").to_string();
            vec![
                io::one_line(table::short(instance.name())),
                io::one_line(&attribute("ecs.availability-zone")),
                io::one_line(&attribute("ecs.instance-type")),
                instance.status().as_str().to_string(),
                instance.running_tasks().to_string(),
            ]
        })
        .collect();
    table::columns(&["instance", "zone", "type", "status", "tasks"], &rows)
}
