//! What a cluster costs, in bytes held on the heap, broken down by what they are for.

/// Bytes held on the heap by a cluster, room that was reserved or is left over included; what the allocator adds to each
/// block is not, nor is the text of prepared expressions.
///
/// ```
/// let mut cluster = placewright::Cluster::new();
/// cluster.reserve(placewright::Capacity { instances: 1000, tasks: 8000, ..Default::default() });
/// let memory = cluster.memory();
/// assert!(memory.instances <= 200 * 1000);
/// assert!(memory.tasks <= 48 * 8000);
/// assert_eq!(memory.total(), cluster.memory_usage());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct MemoryUsage {
    /// Columns of instances, what was said of each beside its name, registration order and the table of names: at most 200
    /// bytes an instance, a custom resource takes 8 more. An instance whose remaining amounts were given, and are not yet
    /// explained by its tasks, takes up to 40 more for each amount.
    pub instances: usize,
    /// Texts of instances: names, EC2 ids; versions and providers, each once.
    pub names: usize,
    /// Attributes of instances by reference: one number for each, or two where few instances carry the name.
    pub attributes: usize,
    /// Names and values of attributes, each once.
    pub attribute_texts: usize,
    /// GPUs of instances: ids, and how much of each is taken.
    pub devices: usize,
    /// Host ports that are taken.
    pub ports: usize,
    /// Records of tasks and their ages: 40 bytes each, and 8 for the GPUs they hold once any does.
    pub tasks: usize,
    /// What tasks and requests take, each distinct demand once.
    pub demands: usize,
    /// Task groups and their names.
    pub groups: usize,
    /// Tasks per instance of the groups that requests look at.
    pub tallies: usize,
    /// Everything else that is kept so that choosing is fast.
    pub index: usize,
    /// Prepared requests, their text not counted.
    pub requests: usize,
    /// Changes that savepoints can undo.
    pub journal: usize,
    /// Buffers that choosing works in.
    pub scratch: usize,
}

impl MemoryUsage {
    /// Bytes in all.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.instances
            + self.names
            + self.attributes
            + self.attribute_texts
            + self.devices
            + self.ports
            + self.tasks
            + self.demands
            + self.groups
            + self.tallies
            + self.index
            + self.requests
            + self.journal
            + self.scratch
    }
}
