//! One replication of each embedded policy: what a cell of the table costs, times its runs.

use coalmine_policy::source::Diagnostics;
use coalmine_scenarios::{catalogue, manifests, policies};
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::world::{Nobody, World};
use criterion::{Criterion, criterion_group, criterion_main};

fn replications(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replication");
    let policies = manifests::embedded(policies::policies(), &mut Diagnostics::new());
    for scenario in [
        "steady/errors-2",
        "off-peak/healthy",
        "market-open/overload-only",
    ] {
        let scenario = catalogue::find(scenario).expect("is in the catalogue");
        let valid = policies.iter().filter(|p| p.subject.refusal().is_none());
        for policy in valid {
            let stage = Stage::new(&scenario, &*policy.subject).expect("is answerable");
            let mut world = World::new(&stage, Seed(42));
            let mut replication = 0;
            group.bench_function(format!("{}/{}", scenario.name, policy.label), |bencher| {
                bencher.iter(|| {
                    replication += 1;
                    world.run(replication, &mut Nobody)
                });
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .measurement_time(std::time::Duration::from_secs(2))
        .warm_up_time(std::time::Duration::from_millis(300));
    targets = replications
}
criterion_main!(benches);
