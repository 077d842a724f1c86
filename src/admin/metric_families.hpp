#pragma once

#include "base/histogram.hpp"

#include <chrono>
#include <cstdint>
#include <prometheus/metric_family.h>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace roundabout::admin {

using Labels = std::vector<prometheus::ClientMetric::Label>;

/// Gathers metrics by name, in the order in which they are first named.
class MetricFamilies {
  public:
    /// Begins a family; what follows belongs to it. `help` is a sentence.
    void counter(std::string name, std::string help) {
        begin(std::move(name), std::move(help), prometheus::MetricType::Counter);
    }
    void gauge(std::string name, std::string help) {
        begin(std::move(name), std::move(help), prometheus::MetricType::Gauge);
    }
    void histogram(std::string name, std::string help) {
        begin(std::move(name), std::move(help), prometheus::MetricType::Histogram);
    }

    /// One value of the family begun last, if it is a counter or gauge.
    void add(std::uint64_t value, Labels labels = {});
    /// The same, but nothing where it is 0.
    void add_if_any(std::uint64_t value, Labels labels) {
        if (value != 0)
            add(value, std::move(labels));
    }
    /// One distribution of the family begun last, if it is a histogram.
    void add(const HistogramValue& value, std::span<const std::chrono::microseconds> bounds,
             Labels labels = {});

    /// In Prometheus's text format; of families without a value only what they are.
    [[nodiscard]] std::string text() const;

  private:
    void begin(std::string name, std::string help, prometheus::MetricType type);

    std::vector<prometheus::MetricFamily> families_;
};

} // namespace roundabout::admin
