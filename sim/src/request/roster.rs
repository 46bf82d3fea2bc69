//! Which pods serve a cohort at an instant.

use coalmine_policy::Time;

use crate::cluster::Cluster;
use crate::split::Cohort;

/// A pod by the index of its workload and its ordinal.
pub type Name = (usize, u32);

/// The pods that take requests, by cohort.
#[derive(Debug, Default)]
pub struct Roster {
    /// By cohort: the pods, since when each is ready, and its rank among those of its workload and
    /// version.
    pub pods: [Vec<(Name, Time, u32)>; 3],
}

impl Roster {
    /// Finds the pods of an instant. A cohort without any that still gets requests has those that
    /// left last: they answer until the router sends nothing more.
    pub fn update(&mut self, cluster: &Cluster, at: Time, draining: [u32; 3]) {
        self.pods.iter_mut().for_each(Vec::clear);
        cluster.each_life(|name, pod, gone, cohort| {
            if pod.ready_at > at || gone.is_some_and(|gone| gone <= at) {
                return;
            }
            let mut since = pod.ready_at;
            let own = cluster.outages(name.0).iter();
            for outage in own.filter(|outage| outage.ordinal == name.1 && outage.from <= at) {
                since = outage.to;
            }
            if since <= at {
                self.pods[cohort as usize].push((name, since, pod.rank));
            }
        });
        for cohort in Cohort::ALL {
            let (pods, wanted) = (&mut self.pods[cohort as usize], draining[cohort as usize]);
            if !pods.is_empty() || wanted == 0 {
                continue;
            }
            let mut left: Vec<(Time, Name, Time, u32)> = Vec::new();
            cluster.each_life(|name, pod, gone, of| {
                if let Some(gone) = gone.filter(|gone| of == cohort && *gone <= at) {
                    left.push((gone, name, pod.ready_at, pod.rank));
                }
            });
            left.sort_unstable();
            let last = left.iter().rev().take(wanted as usize);
            pods.extend(last.map(|(_, name, ready, rank)| (*name, *ready, *rank)));
        }
    }
}
