//! Catalogues of instance types: CSV with a header, or JSON, as offers of a fleet.

use std::path::{Path, PathBuf};

use placewright::Error;
use placewright::adapter::{add_offers, price};
use placewright::error::nearest;
use placewright::json::Json;
use placewright::limits::{DEVICE_WHOLE, DEVICES_MAX};
use placewright::pack::BinType;
use placewright::planner::fleet::Fleet;

use crate::args::FleetArgs;
use crate::document;
use crate::io::{self, Failure};

/// Columns of the published EC2 shapes for dimensions of these names.
const KNOWN: [(&str, &str); 4] =
    [("cpu", "alloc_cpu_milli"), ("memory", "alloc_memory_mib"), ("gpu", "gpu_count"), ("gpus", "gpu_count")];
/// Columns whose values are also attributes of ECS.
const ATTRIBUTES: [(&str, &str); 2] = [("instance_type", "ecs.instance-type"), ("arch", "ecs.cpu-architecture")];
/// Column with the number of GPUs.
const GPUS: &str = "gpu_count";
/// Column and value that tell burstable types.
const BURSTABLE: (&str, &str) = ("category", "t");
/// Attribute that tells markets.
const MARKET: &str = "market";

/// What to look for in which column.
#[derive(Debug)]
pub(crate) struct Columns {
    /// Name of a type.
    id: String,
    /// Markets, where they have a name, and columns of their prices.
    prices: Vec<(Option<String>, String)>,
    /// Columns of dimensions.
    dimensions: Vec<(String, String)>,
    /// Most instances.
    limit: Option<String>,
    /// Whether burstable types count.
    takes_burstable: bool,
}

impl Columns {
    /// From the arguments.
    ///
    /// # Errors
    /// For a dimension without a column.
    pub(crate) fn new(args: &FleetArgs) -> Result<Self, Failure> {
        let prices = args.prices.iter().map(|text| match text.split_once('=') {
            Some((market, column)) => (Some(market.to_string()), column.to_string()),
            None => (None, text.clone()),
        });
        let dimensions = args.columns.iter().map(|text| match text.split_once('=') {
            Some((dimension, column)) => Ok((dimension.to_string(), column.to_string())),
            None => Err(Failure::Input(format!("--column `{text}` names no column (write e.g. cpu=millicores)"))),
        });
        Ok(Self {
            id: args.id.clone(),
            prices: prices.collect(),
            dimensions: dimensions.collect::<Result<_, _>>()?,
            limit: args.limit.clone(),
            takes_burstable: args.burstable,
        })
    }

    /// The column of a dimension.
    fn of<'c>(&'c self, dimension: &'c str, header: &[String]) -> &'c str {
        let given = self.dimensions.iter().find(|(name, _)| name == dimension).map(|(_, column)| column.as_str());
        let known = || KNOWN.iter().find(|(name, _)| *name == dimension).map(|(_, column)| *column);
        let known = || known().filter(|column| header.iter().any(|name| name == column));
        given.or_else(known).unwrap_or(dimension)
    }
}

/// A file of types.
#[derive(Debug)]
pub(crate) struct Catalogue {
    /// The file.
    path: PathBuf,
    /// What it holds.
    content: Content,
}

/// What a file of types holds.
#[derive(Debug)]
enum Content {
    /// Bins as JSON text.
    Bins(String),
    /// Rows of cells, with the line each begins in.
    Table {
        /// Names of the columns.
        header: Vec<String>,
        /// Rows.
        rows: Vec<(u64, Vec<String>)>,
    },
}

impl Catalogue {
    /// Reads a file.
    ///
    /// # Errors
    /// For one that cannot be read, or is neither CSV with a header nor a JSON array of objects.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = io::read(path)?;
        let text = text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_string);
        let content = match text.trim_start().as_bytes().first() {
            Some(b'[' | b'{') => json(path, text)?,
            _ => table(path, &text)?,
        };
        Ok(Self { path: path.to_path_buf(), content })
    }

    /// Adds every row as an offer, or one for each market that has a price for it.
    ///
    /// # Errors
    /// For a column there is not, and a cell that is no number; both with the place.
    pub(crate) fn add_to(&self, fleet: &mut Fleet<'_>, dimensions: &[&str], columns: &Columns) -> Result<(), Failure> {
        match &self.content {
            Content::Bins(text) => {
                let in_file = |error: Error| document::in_file(&self.path, text, &error);
                let json = Json::parse(text).map_err(in_file)?;
                add_offers(fleet, &json).map_err(in_file)
            }
            Content::Table { header, rows } => self.add_rows(fleet, dimensions, columns, header, rows),
        }
    }

    /// The place of a column.
    fn column(&self, header: &[String], name: &str) -> Result<usize, Failure> {
        header.iter().position(|column| column == name).ok_or_else(|| {
            let near = nearest(name, header.iter().map(String::as_str));
            let help = near.map_or_else(
                || format!("its columns are {}", header.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            Failure::Input(format!("{}: there is no column `{name}` ({help})", io::name(&self.path)))
        })
    }

    /// What is wrong with a cell.
    fn in_cell(&self, line: u64, column: &str, message: &str) -> Failure {
        Failure::Input(format!("{}:{line}: column `{column}`: {message}", io::name(&self.path)))
    }

    /// Adds rows of a table.
    fn add_rows(
        &self,
        fleet: &mut Fleet<'_>,
        dimensions: &[&str],
        columns: &Columns,
        header: &[String],
        rows: &[(u64, Vec<String>)],
    ) -> Result<(), Failure> {
        let id = self.column(header, &columns.id)?;
        let sizes = dimensions.iter().map(|dimension| self.column(header, columns.of(dimension, header)));
        let sizes = sizes.collect::<Result<Vec<_>, _>>()?;
        let prices =
            columns.prices.iter().map(|(market, column)| Ok((market.as_deref(), self.column(header, column)?)));
        let prices = prices.collect::<Result<Vec<_>, Failure>>()?;
        let limit = columns.limit.as_deref().map(|column| self.column(header, column)).transpose()?;
        let gpus = header.iter().position(|column| column == GPUS);
        let burstable = header.iter().position(|column| column == BURSTABLE.0).filter(|_| !columns.takes_burstable);
        for (line, cells) in rows {
            if burstable.is_some_and(|at| cells[at] == BURSTABLE.1) {
                continue;
            }
            let whole = |at: usize| match cells[at].as_str() {
                "" => Ok(0),
                text => text.parse::<u64>().map_err(|_| {
                    self.in_cell(*line, &header[at], &format!("`{text}` is no integer from 0 to 2^64 - 1"))
                }),
            };
            let capacity = sizes.iter().map(|&at| whole(at)).collect::<Result<Vec<_>, _>>()?;
            let mut offer = BinType::new(&cells[id], &capacity);
            offer.limit = limit.filter(|&at| !cells[at].is_empty()).map(whole).transpose()?;
            let devices = gpus.map(whole).transpose()?.unwrap_or(0);
            // One more than there may be is refused with the offer.
            offer.devices = vec![DEVICE_WHOLE; usize::try_from(devices).unwrap_or(usize::MAX).min(DEVICES_MAX + 1)];
            for (name, cell) in header.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
                offer.attributes.push((name, Some(cell)));
                let alias = ATTRIBUTES.iter().find(|(column, _)| column == name);
                offer.attributes.extend(alias.map(|&(_, attribute)| (attribute, Some(cell.as_str()))));
            }
            for &(market, at) in prices.iter().filter(|&&(_, at)| !cells[at].is_empty()) {
                let cost = price(&cells[at]).map_err(|error| self.in_cell(*line, &header[at], &error.to_string()))?;
                let name = market.map(|market| format!("{}/{market}", cells[id]));
                let mut priced = offer.clone().with_cost(cost);
                priced.id = name.as_deref().unwrap_or(&cells[id]);
                priced.attributes.extend(market.map(|market| (MARKET, Some(market))));
                fleet.add_offer(&priced).map_err(|error| {
                    let help = error.help().map(|help| format!(" ({help})")).unwrap_or_default();
                    Failure::Input(format!("{}:{line}: {error}{help}", io::name(&self.path)))
                })?;
            }
        }
        Ok(())
    }
}

/// CSV with a header.
fn table(path: &Path, text: &str) -> Result<Content, Failure> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let refused = |error: &csv::Error| Failure::Input(format!("{}: {error}", io::name(path)));
    let header: Vec<String> = reader.headers().map_err(|error| refused(&error))?.iter().map(str::to_string).collect();
    if let Some(twice) = (1..header.len()).find(|&at| header[..at].contains(&header[at])) {
        return Err(Failure::Input(format!("{}:1: column `{}` is there twice", io::name(path), header[twice])));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| refused(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push((line, record.iter().map(str::to_string).collect()));
    }
    Ok(Content::Table { header, rows })
}

/// A JSON array: of bins, or of rows whose keys are columns.
fn json(path: &Path, text: String) -> Result<Content, Failure> {
    let rows = {
        let in_file = |error: Error| document::in_file(path, &text, &error);
        let json = Json::parse(&text).map_err(in_file)?;
        let objects = json.as_array().map_err(in_file)?;
        if objects.iter().any(|object| object.get("capacity").is_some()) {
            None
        } else {
            let mut header: Vec<String> = Vec::new();
            let mut rows: Vec<(u64, Vec<String>)> = Vec::new();
            for (at, object) in objects.iter().enumerate() {
                let fields = object.as_fields().map_err(|error| in_file(error.in_path(&format!("[{at}]"))))?;
                let mut cells = vec![String::new(); header.len()];
                for (key, value) in fields.iter() {
                    let column = header.iter().position(|column| column == key).unwrap_or_else(|| {
                        header.push(key.to_string());
                        cells.push(String::new());
                        header.len() - 1
                    });
                    cells[column] = match value {
                        Json::Null => String::new(),
                        Json::Text(text) => text.to_string(),
                        other => other.to_string(),
                    };
                }
                // Counted as elements are: there are no lines to speak of.
                rows.push((at as u64 + 1, cells));
            }
            rows.iter_mut().for_each(|(_, cells)| cells.resize(header.len(), String::new()));
            Some((header, rows))
        }
    };
    Ok(match rows {
        None => Content::Bins(text),
        Some((header, rows)) => Content::Table { header, rows },
    })
}
