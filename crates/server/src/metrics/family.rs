//! Metrics as the library for Prometheus has them.

use std::time::Duration;

use prometheus::proto::{self, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};

use super::counts::Times;

/// Names and values of labels.
pub(super) type Labels<'l> = Vec<(&'static str, &'l str)>;

/// How many times were not longer than that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    pub(super) bound: Duration,
    pub(super) count: u64,
}

/// Counters of one name; `None` when none of them has counted anything.
pub(super) fn counters(name: &str, help: &str, series: Vec<(Labels<'_>, u64)>) -> Option<MetricFamily> {
    let counted = series.into_iter().filter(|(_, count)| *count > 0);
    let metrics = counted.map(|(labels, count)| {
        let mut metric = labelled(&labels);
        metric.set_counter(counter(count));
        metric
    });
    family(name, help, MetricType::COUNTER, metrics.collect())
}

/// Histograms of one name; `None` when they are all empty.
pub(super) fn histograms(name: &str, help: &str, series: Vec<(Labels<'_>, Times)>) -> Option<MetricFamily> {
    let observed = series.into_iter().filter(|(_, times)| times.count > 0);
    let metrics = observed.map(|(labels, times)| {
        let mut histogram = Histogram::default();
        let buckets = times.buckets.iter().map(|bucket| {
            let mut of_library = proto::Bucket::default();
            of_library.set_upper_bound(bucket.bound.as_secs_f64());
            of_library.set_cumulative_count(bucket.count);
            of_library
        });
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(times.count);
        histogram.set_sample_sum(times.sum.as_secs_f64());
        let mut metric = labelled(&labels);
        metric.set_histogram(histogram);
        metric
    });
    family(name, help, MetricType::HISTOGRAM, metrics.collect())
}

/// Counters that somebody else counts, which are shown from the beginning.
pub(super) fn totals(name: &str, help: &str, series: Vec<(Labels<'_>, u64)>) -> Option<MetricFamily> {
    let metrics = series.into_iter().map(|(labels, count)| {
        let mut metric = labelled(&labels);
        metric.set_counter(counter(count));
        metric
    });
    family(name, help, MetricType::COUNTER, metrics.collect())
}

/// What goes up and down; `None` without any.
pub(super) fn gauges(name: &str, help: &str, series: Vec<(Labels<'_>, f64)>) -> Option<MetricFamily> {
    let metrics = series.into_iter().map(|(labels, value)| {
        let mut gauge = Gauge::default();
        gauge.set_value(value);
        let mut metric = labelled(&labels);
        metric.set_gauge(gauge);
        metric
    });
    family(name, help, MetricType::GAUGE, metrics.collect())
}

/// The format has floating-point numbers only, which are exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "nobody counts that far")]
pub(super) const fn number(count: u64) -> f64 {
    count as f64
}

fn counter(count: u64) -> Counter {
    let mut counter = Counter::default();
    counter.set_value(number(count));
    counter
}

fn labelled(labels: &Labels<'_>) -> Metric {
    let pairs = labels.iter().map(|(name, value)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value((*value).to_owned());
        pair
    });
    Metric::from_label(pairs.collect())
}

/// The library refuses to write one without metrics.
fn family(name: &str, help: &str, kind: MetricType, metrics: Vec<Metric>) -> Option<MetricFamily> {
    if metrics.is_empty() {
        return None;
    }
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(metrics);
    Some(family)
}
