#include "engine/result_form.hpp"

#include <algorithm>
#include <vector>

#include "engine/session_context.hpp"

namespace tusk::detail {
namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);

/// The one column of that name.
std::size_t find(std::vector<column_info> const& in, std::string_view name) {
  auto const is_it = [&](column_info const& each) { return each.name == name; };
  auto const first = std::find_if(in.begin(), in.end(), is_it);
  if (first == in.end() || std::find_if(first + 1, in.end(), is_it) != in.end()) return none;
  return static_cast<std::size_t>(first - in.begin());
}

}  // namespace

result_form const* make_form(session_context const& in, prepared_statement const& of,
                             types::result_choice const& choice) {
  if (!in.text_is_utf8()) return nullptr;  // text is looked at then, wherever it stands
  auto const& columns = of.columns;
  auto& kept = of.form;
  if (kept && kept->choice == &choice && kept->of == columns) [[likely]]
    return kept->formats.empty() ? nullptr : kept.get();

  auto made = std::make_shared<result_form>(result_form{&choice, columns, {}, nullptr});
  auto infos = *columns->infos;
  bool const by_name = !choice.names.empty();
  std::string formats(2 * infos.size(), '\0');
  for (std::size_t i = 0; i < choice.columns.size(); ++i) {
    std::size_t const column = by_name ? find(infos, choice.names[i]) : i;
    if (column >= infos.size()) continue;
    typecaster const* const caster =
        !columns->casters.empty() && columns->casters[column] ? &*columns->casters[column] : nullptr;
    bool const binary = choice.columns[i](columns->types[column], in.format, caster);
    infos[column].is_binary = binary;
    formats[2 * column + 1] = binary ? 1 : 0;
  }
  if (formats.find('\1') != formats.npos) {
    made->formats = std::move(formats);
    made->columns = in.types.resolve(std::make_shared<std::vector<column_info> const>(std::move(infos)));
  }
  kept = std::move(made);
  return kept->formats.empty() ? nullptr : kept.get();
}

}  // namespace tusk::detail
