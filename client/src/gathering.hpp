// What a cursor's do_execute gathers while executemany or execute_values calls it for each statement, in place of
// sending it: merged statements, which then travel together.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <tusk/types/params.hpp>
#include <tusk/types/statement_template.hpp>
#include <utility>

#include "operations/statement_batch.hpp"

namespace tusk::detail {

/// See the top of this file.
class gathering {
 public:
  explicit gathering(char const* called) : batch_(std::make_shared<statement_batch>(called)) {}

  /// The elements that the next statements are of. `text`, which may be empty, is what their bounds are of.
  void begin(element_span const& elements, std::string_view text = {}) noexcept {
    elements_ = elements;
    text_ = text;
  }
  /// Throws what tusk::merge throws.
  void take(std::string_view statement, params const& args) {
    if (args.empty()) return batch_->add(statement, statement.data() == text_.data() ? elements_ : without_bounds());
    if (!template_ || template_->text() != statement) template_.emplace(statement, "statement");
    merged_.truncate(0);
    template_->append_merged(merged_, args);
    batch_->add({merged_.data(), merged_.size()}, without_bounds());
  }
  std::shared_ptr<statement_batch const> finish() noexcept { return std::move(batch_); }

 private:
  // do_execute of a subclass may have made another text of it.
  element_span without_bounds() const noexcept { return {elements_.first, elements_.count}; }

  std::shared_ptr<statement_batch> batch_;
  element_span elements_{0, 1};
  std::string_view text_;
  std::optional<types::statement_template> template_;  // of the statement before: mostly all are the same
  types::text_buffer merged_;
};

}  // namespace tusk::detail
