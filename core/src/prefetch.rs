//! Asking for memory before it is read.

/// Asks the processor for the line of memory that an element begins in, where there is such an element. It changes nothing but time.
///
/// Without the feature `prefetch`, and on processors that the crate behind it does not know, it does nothing.
#[inline]
pub(crate) fn prefetch<T>(items: &[T], at: usize) {
    #[cfg(feature = "prefetch")]
    if at < items.len() {
        prefetch_index::prefetch_index(items, at);
    }
    #[cfg(not(feature = "prefetch"))]
    let _ = (items, at);
}
