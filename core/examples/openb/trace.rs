//! The files of the trace: nodes become instances, pods become kinds of tasks and the order in which they arrive.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use placewright::expr::compile;
use placewright::limits::{DEVICE_WHOLE, DEVICES_MAX};
use placewright::{Cluster, Constraint, Demand, Expression, GpuDemand, Instance, Request, RequestId, StrategyChain};

use crate::{Fault, GROUP};

/// A CSV file with a header.
pub(crate) struct Table {
    /// The file, for errors.
    path: PathBuf,
    /// Position of each column by name.
    columns: HashMap<String, usize>,
    /// The rows.
    rows: Vec<csv::StringRecord>,
}

impl Table {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, Fault> {
        let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(path, file)
    }

    /// Reads the text of a file.
    pub(crate) fn parse(path: &Path, text: impl Read) -> Result<Self, Fault> {
        let in_file = |error: csv::Error| format!("{}: {error}", path.display());
        let mut reader = csv::Reader::from_reader(text);
        let header = reader.headers().map_err(in_file)?;
        let columns = header.iter().enumerate().map(|(at, name)| (name.to_owned(), at)).collect();
        let rows = reader.records().collect::<Result<_, _>>().map_err(in_file)?;
        Ok(Self { path: path.to_owned(), columns, rows })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The text of a row in a column; empty where the file has no such column.
    fn text<'r>(&self, row: &'r csv::StringRecord, column: &str) -> &'r str {
        self.columns.get(column).and_then(|&at| row.get(at)).unwrap_or_default()
    }

    /// The whole number of a row in a column.
    fn number<T: TryFrom<i64>>(&self, row: &csv::StringRecord, column: &str) -> Result<T, Fault> {
        let text = self.text(row, column);
        let number = text.parse::<i64>().ok().and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| {
            let line = row.position().map_or(0, csv::Position::line);
            format!("{}:{line}: `{text}` is no whole number for `{column}`", self.path.display()).into()
        })
    }
}

/// Registers every node as an instance.
pub(crate) fn register(cluster: &mut Cluster, nodes: &Table) -> Result<(), Fault> {
    let devices: Vec<String> = (0..DEVICES_MAX).map(|number| format!("GPU-{number}")).collect();
    for row in &nodes.rows {
        let gpus: usize = nodes.number(row, "gpu")?;
        let gpus = devices.get(..gpus).ok_or("an instance has too many GPUs")?;
        let model = nodes.text(row, "model");
        let mut instance = Instance::new(nodes.text(row, "sn"))
            .with_resources(nodes.number(row, "cpu_milli")?, nodes.number(row, "memory_mib")?)
            .with_gpus(gpus.iter().map(String::as_str));
        if !model.is_empty() {
            instance = instance.with_attribute("gpu-model", model);
        }
        cluster.register(&instance)?;
    }
    Ok(())
}

/// The tasks of a trace.
pub(crate) struct Trace {
    /// What tasks take and where they may go: each combination once, by number.
    pub(crate) kinds: Vec<(Demand, String)>,
    /// The kind of each task, in order of arrival.
    pub(crate) arrivals: Vec<usize>,
}

impl Trace {
    /// Reads the pods.
    pub(crate) fn read(pods: &Table) -> Result<Self, Fault> {
        // Some of the resampled lists have no times; their order is that of the file.
        let is_timed = pods.columns.contains_key("creation_time");
        let mut rows = Vec::with_capacity(pods.rows.len());
        for row in &pods.rows {
            rows.push((if is_timed { pods.number::<i64>(row, "creation_time")? } else { 0 }, row));
        }
        rows.sort_by_key(|&(created, _)| created);

        let mut trace = Self { kinds: Vec::new(), arrivals: Vec::with_capacity(rows.len()) };
        let mut numbers = HashMap::new();
        for (_, row) in rows {
            let gpus = match (pods.number(row, "num_gpu")?, pods.number(row, "gpu_milli")?) {
                (0, _) => GpuDemand::None,
                (count, DEVICE_WHOLE) => GpuDemand::Whole(count),
                (1, share @ 1..DEVICE_WHOLE) => GpuDemand::Share(share),
                (count, share) => return Err(format!("{count} GPUs of {share} thousandths is no demand").into()),
            };
            let demand = Demand::new(pods.number(row, "cpu_milli")?, pods.number(row, "memory_mib")?).with_gpus(gpus);
            let kind = (demand, pods.text(row, "gpu_spec").to_owned());
            let number = *numbers.entry(kind).or_insert_with_key(|kind| {
                trace.kinds.push(kind.clone());
                trace.kinds.len() - 1
            });
            trace.arrivals.push(number);
        }
        Ok(trace)
    }

    /// Prepares a request for each kind of task.
    pub(crate) fn prepare(
        &self,
        cluster: &mut Cluster,
        strategies: &StrategyChain,
        seed: u64,
    ) -> Result<Vec<RequestId>, Fault> {
        let mut requests = Vec::with_capacity(self.kinds.len());
        for (number, (demand, models)) in self.kinds.iter().enumerate() {
            let mut request = Request::new(format!("kind-{number}"), demand.clone())
                .with_group(GROUP)
                .with_strategies(strategies.clone())
                .with_seed(seed);
            if let Some(condition) = condition(models)? {
                request = request.with_constraint(Constraint::MemberOf(condition));
            }
            requests.push(cluster.prepare(&request)?);
        }
        Ok(requests)
    }
}

/// The condition on instances that a list of GPU models puts; none where it is empty.
pub(crate) fn condition(models: &str) -> Result<Option<Expression>, Fault> {
    if models.is_empty() {
        return Ok(None);
    }
    Ok(Some(compile(&format!("attribute:gpu-model in [{}]", models.replace('|', ", ")))?))
}
