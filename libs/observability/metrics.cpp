// The registry and its families over prometheus-cpp.
#include "libs/observability/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace ctc::observability {
namespace {

// Never destroyed: handles in other static objects may outlive main.
prometheus::Registry& Registry() {
  static auto* const registry =
      new prometheus::Registry(prometheus::Registry::InsertBehavior::Merge);
  return *registry;
}

// Waits in seconds, 1 ms to 10 s.
const prometheus::Histogram::BucketBoundaries& WaitBuckets() {
  static const prometheus::Histogram::BucketBoundaries buckets = {
      0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
  return buckets;
}

}  // namespace

void Counter::Add(double value) const {
  if (impl_ != nullptr) static_cast<prometheus::Counter*>(impl_)->Increment(value);
}

void Gauge::Set(double value) const {
  if (impl_ != nullptr) static_cast<prometheus::Gauge*>(impl_)->Set(value);
}

void Gauge::Add(double value) const {
  if (impl_ != nullptr) static_cast<prometheus::Gauge*>(impl_)->Increment(value);
}

void Histogram::Observe(double value) const {
  if (impl_ != nullptr) static_cast<prometheus::Histogram*>(impl_)->Observe(value);
}

Counter MakeCounter(std::string_view name, std::string_view help, const Labels& labels) {
  Counter counter;
  counter.impl_ = &prometheus::BuildCounter()
                       .Name(std::string(name))
                       .Help(std::string(help))
                       .Register(Registry())
                       .Add(labels);
  return counter;
}

Gauge MakeGauge(std::string_view name, std::string_view help, const Labels& labels) {
  Gauge gauge;
  gauge.impl_ = &prometheus::BuildGauge()
                     .Name(std::string(name))
                     .Help(std::string(help))
                     .Register(Registry())
                     .Add(labels);
  return gauge;
}

Histogram MakeHistogram(std::string_view name, std::string_view help, const Labels& labels,
                        std::initializer_list<double> buckets) {
  const prometheus::Histogram::BucketBoundaries boundaries =
      buckets.size() == 0 ? WaitBuckets() : prometheus::Histogram::BucketBoundaries(buckets);
  Histogram histogram;
  histogram.impl_ = &prometheus::BuildHistogram()
                         .Name(std::string(name))
                         .Help(std::string(help))
                         .Register(Registry())
                         .Add(labels, boundaries);
  return histogram;
}

std::string ExposeMetrics() { return prometheus::TextSerializer().Serialize(Registry().Collect()); }

}  // namespace ctc::observability
