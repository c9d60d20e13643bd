//! Circles: modules that use each other, directly or by way of others.

use std::collections::{BTreeMap, BTreeSet};

/// The circles of a graph: of every group of nodes that reach each other a shortest round trip from its first node.
pub fn circles<N: Ord + Clone, T>(arrows: &BTreeMap<N, BTreeMap<N, T>>) -> Vec<Vec<N>> {
    let mut circles = Vec::new();
    let mut done = BTreeSet::new();
    for node in arrows.keys() {
        if done.contains(node) {
            continue;
        }
        let Some(circle) = round_trip(arrows, node) else { continue };
        done.extend(circle.iter().cloned());
        circles.push(circle);
    }
    circles
}

/// The shortest way from a node back to itself, the node first.
fn round_trip<N: Ord + Clone, T>(arrows: &BTreeMap<N, BTreeMap<N, T>>, start: &N) -> Option<Vec<N>> {
    let mut came_from: BTreeMap<N, N> = BTreeMap::new();
    let mut layer = vec![start.clone()];
    while !layer.is_empty() {
        let mut next = Vec::new();
        for node in layer {
            for target in arrows.get(&node).into_iter().flat_map(BTreeMap::keys) {
                if target == start {
                    let mut way = vec![node.clone()];
                    while let Some(before) = way.last().and_then(|node| came_from.get(node)) {
                        way.push(before.clone());
                    }
                    way.reverse();
                    return Some(way);
                }
                if !came_from.contains_key(target) {
                    came_from.insert(target.clone(), node.clone());
                    next.push(target.clone());
                }
            }
        }
        layer = next;
    }
    None
}
