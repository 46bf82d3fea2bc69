//! One pod as a queue: first come, first served, by a number of servers.
//!
//! Who waits how long is known on arrival: the servers' free times sorted out by the recursion of
//! Kiefer and Wolfowitz (1955). So a request needs one event, its completion, not three. What ends
//! service early (a pod that is killed) corrects the completions that are still to come.

use std::collections::VecDeque;

/// What a station can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Servers; 0 means no limit.
    pub servers: u32,
    /// Waiting places; absent means no limit.
    pub places: Option<u32>,
}

/// When a request is worked on, in nanoseconds of the caller's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Service begins.
    pub start_ns: u64,
    /// Service ends.
    pub finish_ns: u64,
}

/// A queue with its servers.
#[derive(Clone, Debug, Default)]
pub struct Station {
    /// When each server is free, as a binary heap with the earliest first.
    free: Vec<u64>,
    /// When service begins for those who wait; kept only where places are limited.
    starts: VecDeque<u64>,
}

impl Station {
    /// Forgets all work.
    pub fn clear(&mut self) {
        self.free.clear();
        self.starts.clear();
    }

    /// How long a request that arrives now would wait.
    #[must_use]
    pub fn wait_ns(&self, now_ns: u64) -> u64 {
        self.free
            .first()
            .map_or(0, |free| free.saturating_sub(now_ns))
    }

    /// Whether a request that arrives now would find no place.
    #[must_use]
    pub fn refuses(&self, now_ns: u64, limits: Limits) -> bool {
        let Some(places) = limits.places.filter(|_| limits.servers > 0) else {
            return false;
        };
        let is_free = self.free.first().is_none_or(|free| *free <= now_ns);
        let begun = self.starts.iter().take_while(|start| **start <= now_ns);
        !is_free && self.starts.len() - begun.count() >= places as usize
    }

    /// Takes a request, or refuses it because all places are taken. Arrivals come in time order.
    pub fn admit(&mut self, now_ns: u64, work_ns: u64, limits: Limits) -> Option<Service> {
        if limits.servers == 0 {
            return Some(Service {
                start_ns: now_ns,
                finish_ns: now_ns.saturating_add(work_ns),
            });
        }
        if self.free.len() != limits.servers as usize {
            self.free.resize(limits.servers as usize, 0);
        }
        let start_ns = now_ns.max(self.free[0]);
        if let Some(places) = limits.places {
            while self.starts.front().is_some_and(|start| *start <= now_ns) {
                self.starts.pop_front();
            }
            if start_ns > now_ns {
                if self.starts.len() >= places as usize {
                    return None;
                }
                self.starts.push_back(start_ns);
            }
        }
        let finish_ns = start_ns.saturating_add(work_ns);
        self.replace_first(finish_ns);
        Some(Service {
            start_ns,
            finish_ns,
        })
    }

    /// The earliest server is busy until `free_ns` now: sifts it down.
    fn replace_first(&mut self, free_ns: u64) {
        let free = &mut self.free[..];
        let mut hole = 0;
        loop {
            let left = 2 * hole + 1;
            if left >= free.len() {
                break;
            }
            let right = left + 1;
            let child = if right < free.len() && free[right] < free[left] {
                right
            } else {
                left
            };
            if free[child] >= free_ns {
                break;
            }
            free[hole] = free[child];
            hole = child;
        }
        free[hole] = free_ns;
    }
}
