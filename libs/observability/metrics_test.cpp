// Metrics as Prometheus reads them.
#include "libs/observability/metrics.h"

#include <catch2/catch.hpp>

namespace ctc::observability {
namespace {

bool Exposed(const std::string& line) {
  return ("\n" + ExposeMetrics()).find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("the same name and labels give the same counter") {
  MakeCounter("ctc_test_calls_total", "Calls.", {{"result", "ok"}}).Add();
  MakeCounter("ctc_test_calls_total", "Calls.", {{"result", "ok"}}).Add(2);
  MakeCounter("ctc_test_calls_total", "Calls.", {{"result", "bad"}}).Add();
  CHECK(Exposed("ctc_test_calls_total{result=\"ok\"} 3"));
  CHECK(Exposed("ctc_test_calls_total{result=\"bad\"} 1"));
}

TEST_CASE("a gauge goes up and down") {
  const Gauge gauge = MakeGauge("ctc_test_depth", "Depth.");
  gauge.Set(5);
  gauge.Add(-2);
  CHECK(Exposed("ctc_test_depth 3"));
}

TEST_CASE("a histogram has the buckets asked for, else those for waits") {
  MakeHistogram("ctc_test_batch_rows", "Rows.", {}, {1, 10}).Observe(7);
  CHECK(Exposed("ctc_test_batch_rows_bucket{le=\"10\"} 1"));
  MakeHistogram("ctc_test_wait_seconds", "Wait.").Observe(0.003);
  CHECK(Exposed("ctc_test_wait_seconds_bucket{le=\"0.005\"} 1"));
  CHECK(Exposed("ctc_test_wait_seconds_bucket{le=\"0.002\"} 0"));
}

TEST_CASE("a handle that was never made does nothing") {
  Counter().Add();
  Gauge().Set(1);
  Histogram().Observe(1);
  CHECK(ExposeMetrics().find("ctc_none") == std::string::npos);
}

}  // namespace
}  // namespace ctc::observability
