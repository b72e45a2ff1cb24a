//! The state of the cluster in the few numbers that matter to placement, by instance.

use alloc::vec::Vec;

use super::Session;
use crate::instance::Protocol;
use crate::json::Json;
use crate::resource::ResourceKind;
use crate::view::InstanceView;

impl Session {
    /// Every registered instance by id, in registration order: CPU and MEMORY that remain, PORTS and PORTS_UDP that are
    /// taken, `runningTasksCount`, `status`; GPU ids that are free where the instance registered that record, ENI slots that are free where
    /// their number is known, and custom resources that remain.
    #[must_use]
    pub fn state(&self) -> Json<'_> {
        let instances = self.cluster.instances().filter_map(|id| self.cluster.instance(id).ok());
        Json::object(instances.map(|instance| (instance.name(), self.numbers(instance))))
    }

    /// The numbers of one instance.
    fn numbers<'s>(&'s self, instance: InstanceView<'s>) -> Json<'s> {
        let ports =
            |protocol| Json::array(instance.ports(protocol).into_iter().map(|port| Json::from(u32::from(port))));
        let mut entries = alloc::vec![
            ("CPU", Json::from(instance.remaining(ResourceKind::Cpu))),
            ("MEMORY", Json::from(instance.remaining(ResourceKind::Memory))),
            ("PORTS", ports(Protocol::Tcp)),
            ("PORTS_UDP", ports(Protocol::Udp)),
            ("runningTasksCount", Json::from(instance.running_tasks())),
            ("status", Json::from(instance.status().as_str())),
        ];
        let lists_none = self.extras.get(&instance.id()).is_some_and(|extra| extra.has_empty_gpus);
        if lists_none || instance.devices().next().is_some() {
            entries.push(("GPU", Json::array(instance.free_gpus().map(Json::from))));
        }
        entries.extend(instance.eni_task_slots_remaining().map(|slots| ("ENI", Json::from(slots))));
        for (name, kind) in self.custom_kinds() {
            entries.push((name, Json::from(instance.remaining(kind))));
        }
        Json::object(entries)
    }

    /// Declared custom resources with their dimensions.
    pub(crate) fn custom_kinds(&self) -> Vec<(&str, ResourceKind)> {
        (0u8..).zip(&self.resources).map(|(index, name)| (name.as_ref(), ResourceKind::Custom(index))).collect()
    }
}
