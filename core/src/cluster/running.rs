//! Tasks that already run: facts to be taken in, whether or not they would fit.

use crate::demand::Demand;
use crate::error::{Error, ErrorKind};
use crate::id::{DemandId, TaskId};
use crate::limits::AMOUNT_MAX;
use crate::resource::ResourceKind;
use crate::state::columns::{NewTask, counted};
use crate::state::delta::Delta;
use crate::state::ports::port_key;
use crate::state::{State, is_unlimited};

use super::Cluster;
use super::options::{Release, RunningTask};

impl Cluster {
    /// Adds a task that already runs, whether or not it would fit. What its instance has left may become negative.
    ///
    /// Ports and GPUs that something else holds are not taken from it: the task then holds fewer.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`]; an error of its demand or group; [`ErrorKind::InvalidAmount`] when what the
    /// instance has left would leave the range of amounts; [`ErrorKind::SavepointOpen`] inside a savepoint, since it is a
    /// fact, not an attempt; a limit.
    ///
    /// Cost: linear in its ports and GPUs; allocates where its demand or group is new.
    pub fn add_task(&mut self, running: &RunningTask<'_>) -> Result<TaskId, Error> {
        if self.journal.is_open() {
            return Err(Error::new(ErrorKind::SavepointOpen));
        }
        let slot = self.slot(running.instance)?;
        self.check_task_room()?;
        let demand = self.recognised_demand(running, slot);
        let devices = self.state.devices[slot as usize].recognise(demand.gpus, &running.gpu_ids, running.in_remaining);
        let is_new = self.state.group_names.get(running.group).is_none();
        let group = self.state.hold_group(running.group)?;
        let held = {
            let State { demands, custom_names, .. } = &mut self.state;
            demands.hold(running.definition, &demand, custom_names)
        };
        let added = held.and_then(|demand| {
            self.check_added(slot, demand, running.in_remaining).map(|()| demand).inspect_err(|_| {
                self.state.demands.release(demand);
            })
        });
        let demand = match added {
            Ok(demand) => demand,
            Err(error) => {
                self.state.group_names.release(group.0);
                return Err(error);
            }
        };
        let new = NewTask {
            instance: slot,
            group,
            demand,
            devices,
            is_healthy: running.is_healthy,
            is_protected: running.is_protected,
        };
        let task = match self.state.add_task(new) {
            Ok(task) => task,
            Err(error) => {
                self.state.demands.release(demand);
                self.state.group_names.release(group.0);
                return Err(error);
            }
        };
        if is_new {
            self.index.residues.meet_group(group, running.group);
        }
        self.index.touch(&self.state, slot);
        self.state.make_way(task, running.in_remaining, running.in_other_tasks);
        self.apply(Delta::Run { task });
        if running.is_stopping && self.options.release == Release::Last {
            self.apply(Delta::BeginStop { task });
        }
        self.fit_scratch();
        Ok(self.state.task_id(task))
    }

    /// What a task that already runs holds of its demand.
    fn recognised_demand(&self, running: &RunningTask<'_>, slot: u32) -> Demand {
        let mut demand = running.demand.clone();
        demand.ports.sort_unstable();
        demand.ports.dedup();
        let agent = self.state.ports.base_keys(self.state.agent_base[slot as usize]);
        let base = self.state.ports.base_keys(self.state.base[slot as usize]);
        demand.ports.retain(|&(protocol, port)| {
            let key = port_key(protocol, port);
            let listed = base.binary_search(&key).is_ok();
            let is_agents = agent.binary_search(&key).is_ok();
            let is_free = self.state.ports.holder(slot, key).is_none();
            is_free && if running.in_remaining { listed && !is_agents } else { !listed }
        });
        demand
    }

    /// Refuses a task whose demand would take what its instance has left out of the range of amounts.
    fn check_added(&self, slot: u32, demand: DemandId, in_remaining: bool) -> Result<(), Error> {
        let at = slot as usize;
        for (column, amount) in self.state.demands.get(demand).held_amounts() {
            let kind = ResourceKind::from_column(column);
            let is_counted = counted(self.state.custom_names.len()).any(|counted| counted == kind);
            let (left, most) = if in_remaining && is_counted {
                let all = i64::from(self.state.registered[column][at]) + self.state.surplus.get(slot, column);
                (0, all + i64::from(amount))
            } else if is_unlimited(&self.state.registered, column, slot) {
                (0, 0)
            } else {
                (i64::from(self.state.remaining[column][at]) - i64::from(amount), 0)
            };
            if left < -i64::from(AMOUNT_MAX) || most > i64::from(AMOUNT_MAX) {
                let message = alloc::format!(
                    "task of `{}` takes {amount} {}, more than an amount can count",
                    self.state.info[at].name,
                    self.resource_name(kind),
                );
                return Err(Error::with_message(ErrorKind::InvalidAmount, message));
            }
        }
        Ok(())
    }
}
