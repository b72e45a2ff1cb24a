//! What a container may ask of GPUs, and what the containers of one task come to together (semantics.md §1.3, U-10).

use alloc::format;

use super::{Container, invalid};
use crate::demand::GpuDemand;
use crate::error::{Error, ErrorKind};

/// GPUs one container asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GpuRequest {
    /// So many whole devices, at least 1.
    Whole(u32),
    /// Every device of the instance.
    All,
    /// A fixed slice in thousandths of a device: 125, 250 or 500.
    Slice(u16),
    /// A share in thousandths of a device that others may use too: 1 to 999. Ours, not of ECS.
    Share(u16),
}

impl GpuRequest {
    /// The request that the value of a `GPU` requirement writes: `2`, `ALL`, `0.125`, `0.25` or `0.5`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidDefinition`] for anything else.
    pub fn from_value(value: &str) -> Result<Self, Error> {
        match value {
            "ALL" => return Ok(Self::All),
            "0.125" => return Ok(Self::Slice(125)),
            "0.25" => return Ok(Self::Slice(250)),
            "0.5" => return Ok(Self::Slice(500)),
            _ => {}
        }
        match digits(value) {
            Some(count) if count > 0 => Ok(Self::Whole(u32::try_from(count).unwrap_or(u32::MAX))),
            _ => Err(invalid(format!("`{}` is no number of GPUs", shortened(value)))
                .with_help("write a whole number from 1, `ALL`, `0.125`, `0.25` or `0.5`")),
        }
    }

    /// The request that the value of an `xGpuShare` requirement writes: thousandths of one device.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidDefinition`] outside 1 to 999.
    pub fn from_share(value: &str) -> Result<Self, Error> {
        digits(value)
            .and_then(|share| u16::try_from(share).ok())
            .filter(|share| (1..=999).contains(share))
            .map(Self::Share)
            .ok_or_else(|| invalid(format!("`{}` is no share of a GPU", shortened(value))).with_help("write 1 to 999"))
    }
}

/// The number that ASCII digits write; more than any count where it overflows.
fn digits(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().unwrap_or(u64::MAX))
}

/// As much of the text as a message repeats.
fn shortened(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(end, _)| &text[..end])
}

/// What the containers of one task ask of GPUs together.
///
/// # Errors
/// [`ErrorKind::InvalidDefinition`] where one asks for all devices, a slice or a share and another asks for GPUs too.
pub(super) fn total<'c>(containers: impl Iterator<Item = &'c Container>) -> Result<GpuDemand, Error> {
    let mut demand = GpuDemand::None;
    for (container, request) in containers.filter_map(|container| container.gpu.map(|request| (container, request))) {
        demand = match (demand, request) {
            (GpuDemand::None, GpuRequest::Whole(count)) => GpuDemand::Whole(u16::try_from(count).unwrap_or(u16::MAX)),
            (GpuDemand::Whole(sum), GpuRequest::Whole(count)) => {
                GpuDemand::Whole(sum.saturating_add(u16::try_from(count).unwrap_or(u16::MAX)))
            }
            (GpuDemand::None, GpuRequest::All) => GpuDemand::All,
            (GpuDemand::None, GpuRequest::Slice(thousandths)) => GpuDemand::Slice(thousandths),
            (GpuDemand::None, GpuRequest::Share(thousandths)) => GpuDemand::Share(thousandths),
            _ => {
                return Err(Error::with_message(
                    ErrorKind::InvalidDefinition,
                    format!(
                        "container `{}` asks for GPUs beside a request that must stand alone in its task",
                        container.name
                    ),
                ));
            }
        };
    }
    Ok(demand)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_whole_all_or_one_of_three_slices() {
        assert_eq!(GpuRequest::from_value("2"), Ok(GpuRequest::Whole(2)));
        assert_eq!(GpuRequest::from_value("99999999999999999999999"), Ok(GpuRequest::Whole(u32::MAX)));
        assert_eq!(GpuRequest::from_value("ALL"), Ok(GpuRequest::All));
        assert_eq!(GpuRequest::from_value("0.25"), Ok(GpuRequest::Slice(250)));
        for value in ["", "0", "-1", "1.0", "0.3", ".5", "all", "1 ", "+1", "NaN"] {
            assert!(GpuRequest::from_value(value).is_err(), "{value}");
        }
        assert_eq!(GpuRequest::from_share("999"), Ok(GpuRequest::Share(999)));
        assert!(GpuRequest::from_share("0").is_err() && GpuRequest::from_share("1000").is_err());
    }

    #[test]
    fn whole_devices_add_up_and_the_rest_stand_alone() {
        let two = Container::new("a").with_gpu(GpuRequest::Whole(2));
        let most = Container::new("b").with_gpu(GpuRequest::Whole(u32::MAX));
        let all = Container::new("c").with_gpu(GpuRequest::All);
        assert_eq!(total([&two, &two].into_iter()), Ok(GpuDemand::Whole(4)));
        assert_eq!(total([&most, &most].into_iter()), Ok(GpuDemand::Whole(u16::MAX)));
        assert_eq!(total([&all].into_iter()), Ok(GpuDemand::All));
        assert!(total([&two, &all].into_iter()).is_err() && total([&all, &two].into_iter()).is_err());
    }
}
