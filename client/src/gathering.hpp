// What a cursor's do_execute gathers while executemany or execute_values calls it for each statement, in place of
// sending it: merged statements, which then travel together.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <tusk/types/params.hpp>
#include <tusk/types/statement_template.hpp>
#include <utility>

#include "operations/first_word.hpp"
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
    if (!template_ || template_->text() != statement) begin_template(statement);
    merged_.truncate(0);
    template_->append_merged(merged_, args);
    batch_->add({merged_.data(), merged_.size()}, without_bounds(), can_be_sent_ && args.are_plain());
  }
  std::shared_ptr<statement_batch const> finish() noexcept { return std::move(batch_); }

 private:
  // The text of a plain argument was checked when it was written, and becomes a literal; so with such arguments what is
  // true of the template is true of what is merged from it. No literal behind a first word makes it COPY.
  void begin_template(std::string_view statement) {
    template_.emplace(statement, "statement");
    auto const parts = template_->parts();
    std::string_view const word = parts.empty() ? std::string_view() : first_word(parts.front().text);
    can_be_sent_ = !word.empty() && !is_copy(word) && statement.find('\0') == statement.npos;
  }
  // do_execute of a subclass may have made another text of it.
  element_span without_bounds() const noexcept { return {elements_.first, elements_.count}; }

  std::shared_ptr<statement_batch> batch_;
  element_span elements_{0, 1};
  std::string_view text_;
  std::optional<types::statement_template> template_;  // of the statement before: mostly all are the same
  bool can_be_sent_ = false;                           // what is merged from it with plain arguments
  types::text_buffer merged_;
};

}  // namespace tusk::detail
