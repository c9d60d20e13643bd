//! Where panels stand: in rows from left to right, on a grid that is 48 columns wide, as Kibana has it.

use super::panel::{Panel, PanelSection, PanelView};

/// Width of the grid.
const COLUMNS: u32 = 48;

/// Height of a heading.
const HEADING_ROWS: u32 = 3;

/// Where something stands on the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::assets) struct GridPlace {
    pub(in crate::cli::assets) x: u32,
    pub(in crate::cli::assets) y: u32,
    pub(in crate::cli::assets) width: u32,
    pub(in crate::cli::assets) height: u32,
}

/// What stands on the grid.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli::assets) enum Placed<'s> {
    Heading(&'s PanelSection),
    Panel(&'s Panel),
}

/// Every heading and panel with its place, in order.
pub(in crate::cli::assets) fn place<'s>(sections: &'s [PanelSection]) -> Vec<(GridPlace, Placed<'s>)> {
    let mut placed = Vec::new();
    let mut y = 0;
    for section in sections {
        placed.push((GridPlace { x: 0, y, width: COLUMNS, height: HEADING_ROWS }, Placed::Heading(section)));
        y += HEADING_ROWS;
        let (mut x, mut row_height) = (0, 0);
        for panel in section.panels {
            let (width, height) = size(&panel.view);
            if x + width > COLUMNS {
                (x, y, row_height) = (0, y + row_height, 0);
            }
            placed.push((GridPlace { x, y, width, height }, Placed::Panel(panel)));
            x += width;
            row_height = row_height.max(height);
        }
        y += row_height;
    }
    placed
}

fn size(view: &PanelView) -> (u32, u32) {
    match view {
        PanelView::Number => (8, 6),
        PanelView::OverTime { .. } => (24, 12),
        PanelView::Top { .. } | PanelView::Share { .. } => (16, 12),
        PanelView::Table { .. } => (24, 14),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::assets::content::SECTIONS;

    #[test]
    fn nothing_stands_on_anything_else() {
        let placed = place(SECTIONS);
        for (index, (one, _)) in placed.iter().enumerate() {
            assert!(one.x + one.width <= COLUMNS, "{one:?}");
            for (other, _) in placed.iter().skip(index + 1) {
                let is_apart = one.x + one.width <= other.x
                    || other.x + other.width <= one.x
                    || one.y + one.height <= other.y
                    || other.y + other.height <= one.y;
                assert!(is_apart, "{one:?} {other:?}");
            }
        }
    }
}
