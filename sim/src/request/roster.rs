//! Which pods serve a cohort at an instant.

use coalmine_policy::Time;

use crate::cluster::Cluster;
use crate::split::Cohort;

/// A pod by the index of its workload and its ordinal.
pub type Name = (usize, u32);

/// The pods that take requests, by cohort.
#[derive(Debug, Default)]
pub struct Roster {
    /// By cohort: the pods, and since when each is ready.
    pub pods: [Vec<(Name, Time)>; 3],
}

impl Roster {
    /// Finds the pods of an instant. A cohort without any that still gets requests has those that
    /// left last: they answer until the router sends nothing more.
    pub fn update(&mut self, cluster: &Cluster, at: Time, draining: [u32; 3]) {
        self.pods.iter_mut().for_each(Vec::clear);
        cluster.each_life(|name, pod, gone, cohort| {
            if pod.ready_at <= at && gone.is_none_or(|gone| gone > at) {
                self.pods[cohort as usize].push((name, pod.ready_at));
            }
        });
        for cohort in Cohort::ALL {
            let (pods, wanted) = (&mut self.pods[cohort as usize], draining[cohort as usize]);
            if !pods.is_empty() || wanted == 0 {
                continue;
            }
            let mut left: Vec<(Time, Name, Time)> = Vec::new();
            cluster.each_life(|name, pod, gone, of| {
                if let Some(gone) = gone.filter(|gone| of == cohort && *gone <= at) {
                    left.push((gone, name, pod.ready_at));
                }
            });
            left.sort_unstable();
            let last = left.iter().rev().take(wanted as usize);
            pods.extend(last.map(|(_, name, ready)| (*name, *ready)));
        }
    }
}
