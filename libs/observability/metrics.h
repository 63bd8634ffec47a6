// Counters, gauges and histograms over prometheus-cpp, behind small handles so that no other
// library includes it. Names: ctc_<service>_<what>_<unit>; labels few and closed, never tenant,
// number or id. The registry is the one global of the project. Handles are cheap, copyable and
// thread-safe.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

namespace ctc::observability {

using Labels = std::map<std::string, std::string>;

class Counter {
 public:
  void Add(double value = 1) const;

 private:
  friend Counter MakeCounter(std::string_view, std::string_view, const Labels&);
  void* impl_ = nullptr;  // owned by the registry, which lives as long as the process
};

class Gauge {
 public:
  void Set(double value) const;
  void Add(double value) const;

 private:
  friend Gauge MakeGauge(std::string_view, std::string_view, const Labels&);
  void* impl_ = nullptr;
};

class Histogram {
 public:
  void Observe(double value) const;

 private:
  friend Histogram MakeHistogram(std::string_view, std::string_view, const Labels&,
                                 std::initializer_list<double>);
  void* impl_ = nullptr;
};

// The same name and labels give the same metric. Make them once, at construction, not per request.
Counter MakeCounter(std::string_view name, std::string_view help, const Labels& labels = {});
Gauge MakeGauge(std::string_view name, std::string_view help, const Labels& labels = {});
// Default buckets: waits, 1 ms to 10 s.
Histogram MakeHistogram(std::string_view name, std::string_view help, const Labels& labels = {},
                        std::initializer_list<double> buckets = {});

// Prometheus text format of everything.
std::string ExposeMetrics();

}  // namespace ctc::observability
