//! Areas for numbers: a squarified treemap (Bruls, Huizing and van Wijk, "Squarified Treemaps", 2000).

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rectangle {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// The whole map, wider than high, as most screens are.
pub(crate) const FRAME: Rectangle = Rectangle { x: 0.0, y: 0.0, width: 160.0, height: 100.0 };

impl Rectangle {
    pub(crate) fn area(&self) -> f64 {
        self.width * self.height
    }

    /// What a row of this area leaves of it, and the row: along the shorter side.
    fn split(self, area: f64) -> (Self, Self) {
        if self.width >= self.height {
            let width = if self.height > 0.0 { (area / self.height).min(self.width) } else { 0.0 };
            (Self { width, ..self }, Self { x: self.x + width, width: self.width - width, ..self })
        } else {
            let height = if self.width > 0.0 { (area / self.width).min(self.height) } else { 0.0 };
            (Self { height, ..self }, Self { y: self.y + height, height: self.height - height, ..self })
        }
    }
}

/// A rectangle in `frame` for each weight, with areas as the weights are. The largest weights come first, or the
/// rectangles are less square.
pub(crate) fn squarify(weights: &[u64], frame: Rectangle) -> Vec<Rectangle> {
    let mut found = Vec::with_capacity(weights.len());
    let mut free = frame;
    let mut rest = weights;
    while !rest.is_empty() {
        let scale = free.area() / sum(rest).max(1.0);
        let side = free.width.min(free.height);
        let mut taken = 1;
        while taken < rest.len() && worst(&rest[..=taken], scale, side) <= worst(&rest[..taken], scale, side) {
            taken += 1;
        }
        let (row, others) = rest.split_at(taken);
        let (strip, left) = free.split(sum(row) * scale);
        found.extend(along(row, strip, free.width >= free.height));
        (free, rest) = (left, others);
    }
    found
}

/// The rectangles of one row, beside one another.
fn along(row: &[u64], strip: Rectangle, is_upright: bool) -> Vec<Rectangle> {
    let total = sum(row).max(1.0);
    let mut before = 0.0;
    let place = |weight: &u64| {
        let (from, part) = (before / total, exact(*weight) / total);
        before += exact(*weight);
        if is_upright {
            Rectangle { y: strip.y + strip.height * from, height: strip.height * part, ..strip }
        } else {
            Rectangle { x: strip.x + strip.width * from, width: strip.width * part, ..strip }
        }
    };
    row.iter().map(place).collect()
}

/// How far from a square the rectangles of a row get, at the worst.
fn worst(row: &[u64], scale: f64, side: f64) -> f64 {
    let area = sum(row) * scale;
    let ratio = |weight: &u64| {
        let ratio = (exact(*weight) * scale) * side * side / (area * area);
        ratio.max(1.0 / ratio)
    };
    row.iter().map(ratio).fold(0.0, f64::max)
}

fn sum(weights: &[u64]) -> f64 {
    weights.iter().copied().map(exact).sum()
}

/// Bytes of an image are far below 2^53.
#[allow(clippy::cast_precision_loss, reason = "an area needs no more digits")]
fn exact(weight: u64) -> f64 {
    weight as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn overlap(a: &Rectangle, b: &Rectangle) -> f64 {
        let width = (a.x + a.width).min(b.x + b.width) - a.x.max(b.x);
        let height = (a.y + a.height).min(b.y + b.height) - a.y.max(b.y);
        width.max(0.0) * height.max(0.0)
    }

    #[test]
    fn the_example_of_the_paper_is_laid_out_as_there() {
        let frame = Rectangle { x: 0.0, y: 0.0, width: 6.0, height: 4.0 };
        let found = squarify(&[6, 6, 4, 3, 2, 2, 1], frame);
        assert_eq!(found[0], Rectangle { x: 0.0, y: 0.0, width: 3.0, height: 2.0 });
        assert_eq!(found[1], Rectangle { x: 0.0, y: 2.0, width: 3.0, height: 2.0 });
        assert!((found[2].x - 3.0).abs() < 1e-9 && (found[2].width - 12.0 / 7.0).abs() < 1e-9, "{:?}", found[2]);
    }

    #[test]
    fn nothing_has_no_area() {
        assert!(squarify(&[], FRAME).is_empty());
        assert!(squarify(&[0, 0], FRAME).iter().all(|one| one.area() == 0.0));
    }

    proptest! {
        #[test]
        fn areas_are_as_the_weights_inside_the_frame_and_never_overlap(
            mut weights in proptest::collection::vec(0_u64..1_000_000_000, 1..60)
        ) {
            weights.sort_unstable_by(|a, b| b.cmp(a));
            let found = squarify(&weights, FRAME);
            prop_assert_eq!(found.len(), weights.len());
            let total = sum(&weights).max(1.0);
            for (one, weight) in found.iter().zip(&weights) {
                prop_assert!((one.area() - FRAME.area() * exact(*weight) / total).abs() < 1e-6, "{:?}", one);
                let inside = one.x >= -1e-9 && one.y >= -1e-9
                    && one.x + one.width <= FRAME.width + 1e-9 && one.y + one.height <= FRAME.height + 1e-9;
                prop_assert!(inside, "{:?}", one);
            }
            for (at, one) in found.iter().enumerate() {
                for other in &found[at + 1..] {
                    prop_assert!(overlap(one, other) < 1e-6, "{:?} and {:?}", one, other);
                }
            }
        }
    }
}
