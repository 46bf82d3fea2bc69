//! Rows C of the specification (§6.3), by number; C1, C2, C3, C7, C9, C10 are in `blue_green`.

use super::world::{World, blue_green, rollout};
use crate::Standing;

#[test]
fn c6_a_successful_analysis_switches_and_promotes() {
    let pre = "prePromotionAnalysis: {templates: [{templateName: t}]}";
    let mut world = World::new(rollout(&blue_green(5, &[pre])));
    world.update("v2");
    world.run_to(124);
    assert_eq!(world.standing(), Standing::Progressing);
    world.run_to(126);
    assert_eq!(world.standing(), Standing::Promoted);
    let active = world.points.last().map(|(at, _, to)| (*at, to.as_str()));
    assert_eq!(active, Some((125, "v2")));
    assert_eq!(world.queries, [5, 65, 125]);
}
