//! Time and memory of a piece of work on this thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, with a count per thread.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn took(bytes: usize) {
    let held = HELD.get().saturating_add(bytes);
    HELD.set(held);
    PEAK.set(PEAK.get().max(held));
}

#[expect(unsafe_code, reason = "an allocator cannot be written otherwise; it hands everything on as it is")]
// SAFETY: every call goes to the system's allocator unchanged, and the counters,
// which have no destructor, allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        HELD.set(HELD.get().saturating_sub(layout.size()));
        unsafe { System.dealloc(place, layout) }
    }

    // A block that grows may stand twice for a moment.
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        took(size);
        HELD.set(HELD.get().saturating_sub(layout.size()));
        unsafe { System.realloc(place, layout, size) }
    }
}

/// What this thread has had of the processor; the machine's other work does not count.
fn used() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("Linux counts it").into()
}

/// How long the work took, and the most bytes that it held at once.
pub(crate) fn cost(work: impl FnOnce()) -> (Duration, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let started = used();
    work();
    (used().saturating_sub(started), PEAK.get() - before)
}
