//! The tree: drawn on a terminal, one path a line in a pipe.

use stagedoor_inspect::{TreeRow, TreeRows};

use super::actor::{restart, status_cell, strategy};
use crate::{
    style::{DIM, Look},
    table::{Cell, Table},
    text::count,
};

struct Lines {
    child: &'static str,
    last: &'static str,
    through: &'static str,
    blank: &'static str,
    more: &'static str,
}

const UNICODE: Lines =
    Lines {
        child: "├── ", last: "└── ", through: "│   ", blank: "    ", more: "…"
    };
const ASCII: Lines =
    Lines { child: "|-- ", last: "`-- ", through: "|   ", blank: "    ", more: "..." };

pub(crate) fn tree(tree: &TreeRows, look: Look) -> String {
    let lines = if look.unicode { &UNICODE } else { &ASCII };
    let mut table = Table::new(["ACTOR", "TYPE", "RESTART", "RESTARTS", "STATUS"]);
    if let Some(root) = tree.root.filter(|_| look.aligned) {
        table.row([
            "root".into(),
            Cell::styled(strategy(root), DIM),
            "".into(),
            "".into(),
            "".into(),
        ]);
    }
    for (row, drawing) in tree.rows.iter().zip(drawings(tree, lines)) {
        let name = if look.aligned { drawing + &row.info.id } else { row.path.clone() };
        table.row([
            name.into(),
            Cell::styled(kind(row), DIM),
            Cell::styled(restart(row.info.restart), DIM),
            row.info.restarts.to_string().into(),
            status_cell(&row.info),
        ]);
    }
    let mut text = table.render(look);
    if tree.next.is_some() {
        let more = format!("{} there is more: raise --limit, or name a user", lines.more);
        text.push_str(&look.paint(DIM, &more));
        text.push('\n');
    }
    text
}

fn kind(row: &TreeRow) -> String {
    match (row.strategy, row.children) {
        (Some(of), Some(children)) => format!("{} ({})", strategy(of), count(children.specs)),
        (Some(of), None) => strategy(of).into(),
        (None, _) => "worker".into(),
    }
}

/// What is drawn before each row's id. Goes through the rows backwards: a row is its parent's last child when none of
/// its depth has been met since the last row of a lesser depth.
fn drawings(tree: &TreeRows, lines: &Lines) -> Vec<String> {
    // Whether a line of this depth goes on below the row. Where the tree was cut, all do.
    let cut = tree.rows.last().filter(|_| tree.next.is_some());
    let mut goes_on = vec![true; cut.map_or(0, |row| row.depth + 1)];
    let mut drawings: Vec<String> = tree
        .rows
        .iter()
        .rev()
        .map(|row| {
            goes_on.resize(row.depth + 1, false);
            let drawing = match row.depth {
                0 => String::new(),
                depth => {
                    let mut drawing = String::new();
                    for through in &goes_on[1..depth] {
                        drawing.push_str(if *through { lines.through } else { lines.blank });
                    }
                    drawing + if goes_on[depth] { lines.child } else { lines.last }
                }
            };
            goes_on[row.depth] = true;
            drawing
        })
        .collect();
    drawings.reverse();
    drawings
}
