#include "admin/metric_families.hpp"

#include <limits>
#include <prometheus/text_serializer.h>

namespace roundabout::admin {

void MetricFamilies::begin(std::string name, std::string help, prometheus::MetricType type) {
    prometheus::MetricFamily& family = families_.emplace_back();
    family.name = std::move(name);
    family.help = std::move(help);
    family.type = type;
}

void MetricFamilies::add(std::uint64_t value, Labels labels) {
    prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label = std::move(labels);
    metric.counter.value = static_cast<double>(value);
    metric.gauge.value = static_cast<double>(value);
}

void MetricFamilies::add(const HistogramValue& value,
                         std::span<const std::chrono::microseconds> bounds, Labels labels) {
    prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label = std::move(labels);
    metric.histogram.sample_sum = std::chrono::duration<double>(value.sum).count();
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
        so_far += i < value.counts.size() ? value.counts[i] : 0;
        const double bound = i < bounds.size() ? std::chrono::duration<double>(bounds[i]).count()
                                               : std::numeric_limits<double>::infinity();
        metric.histogram.bucket.push_back({so_far, bound});
    }
    metric.histogram.sample_count = so_far;
}

std::string MetricFamilies::text() const {
    return prometheus::TextSerializer().Serialize(families_);
}

} // namespace roundabout::admin
