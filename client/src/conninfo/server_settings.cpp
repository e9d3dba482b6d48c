#include "conninfo/server_settings.hpp"

#include <tuple>
#include <tusk/protocol/limits.hpp>

#include "conninfo/conninfo.hpp"
#include "conninfo/make_settings.hpp"

namespace tusk::client {
namespace {

/// A boolean as the server reads it: a word or the beginning of one, in any case.
std::optional<bool> read_boolean(std::string_view text) {
  struct row {
    std::string_view word;
    std::size_t least;
    bool means;
  };
  constexpr row rows[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
                          {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
  std::string const word = lower(text);
  for (row const& each : rows)
    if (word.size() >= each.least && each.word.starts_with(word)) return each.means;
  return std::nullopt;
}

std::string overridden(std::string const& variable, std::string const& value) {
  return "the environment variable " + variable + ", " + shown_value(*find_keyword("options"), value) +
         ", is overridden: ";
}

/// The environment may choose the order of a date that is written, and no style that cannot be read back.
std::string readable_date_style(std::string value, std::vector<std::string>& warnings) {
  std::string order;
  bool has_iso = false, has_other = false;
  for (std::string_view word : split_list(value)) {
    while (!word.empty() && is_space(word.front())) word.remove_prefix(1);
    while (!word.empty() && is_space(word.back())) word.remove_suffix(1);
    std::string const name = lower(word);
    bool const german = name == "german", other = german || name == "sql" || name.starts_with("postgres");
    has_iso |= name == "iso";
    has_other |= other;
    if (german && order.empty()) order = "DMY";
    if (name == "dmy" || name.starts_with("euro")) order = "DMY";
    if (name == "mdy" || name == "us" || name.starts_with("noneuro")) order = "MDY";
    if (name == "ymd") order = "YMD";
  }
  if (has_other) {
    warnings.push_back(overridden("PGDATESTYLE", value) +
                       "dates are read in the style ISO; only the order of day and month is taken of it");
    return order.empty() ? "ISO" : "ISO, " + order;
  }
  return has_iso || order.empty() ? value : "ISO, " + value;
}

class server_settings_maker {
 public:
  server_settings_maker(conninfo_values const& values, surroundings const& around, settings& to)
      : values_(values), around_(around), out_(to) {}

  std::optional<conninfo_error> run() {
    if (auto wrong = check_encoding()) return wrong;
    take_environment();
    conninfo_value const& name = values_.of("application_name");
    auto const& application = (name.given ? name : values_.of("fallback_application_name")).text;
    if (!application.empty()) tell("application_name", application);
    if (!of("options").empty()) tell("options", of("options"));
    if (auto wrong = set_replication()) return wrong;
    return check_size();
  }

 private:
  std::string const& of(std::string_view name) const { return values_.of(name).text; }
  void tell(std::string name, std::string value) {
    out_.server_settings.emplace_back(std::move(name), std::move(value));
  }

  std::optional<conninfo_error> check_encoding() {
    std::string const encoding = lower(of("client_encoding"));
    if (encoding.empty() || encoding == "utf8" || encoding == "utf-8" || encoding == "auto") return {};
    if (!values_.of("client_encoding").of_environment)
      return values_.refused("client_encoding",
                             "is not served: this client speaks UTF8 only; use UTF8 or auto, or remove it");
    out_.warnings.push_back(overridden("PGCLIENTENCODING", of("client_encoding")) +
                            "this client speaks UTF8 only; unset it, or set UTF8");
    return {};
  }

  void take_environment() {
    for (auto const& [variable, name, fallback] :
         {std::tuple("PGDATESTYLE", "DateStyle", "ISO"), std::tuple("PGTZ", "TimeZone", "default"),
          std::tuple("PGGEQO", "geqo", "default")}) {
      std::string value = around_.environment(variable).value_or("");
      if (value.empty()) value = fallback;
      if (std::string_view(variable) == "PGDATESTYLE") value = readable_date_style(std::move(value), out_.warnings);
      if (lower(value) != "default") tell(name, std::move(value));
    }
  }

  std::optional<conninfo_error> set_replication() {
    if (of("replication").empty()) return {};
    if (of("replication") == "database") {
      tell("replication", "database");
      return {};
    }
    auto const physical = read_boolean(of("replication"));
    if (!physical) return values_.refused("replication", "is unknown; use true, false or database");
    if (*physical) tell("replication", "true");
    return {};
  }

  std::optional<conninfo_error> check_size() {
    auto const size_of = [](std::string_view name, std::string_view value) { return name.size() + value.size() + 2; };
    // The packet's length, the version, and the NUL at its end.
    std::size_t total = 9 + size_of("user", out_.user) + size_of("database", out_.dbname);
    total += size_of("client_encoding", "UTF8");
    for (auto const& [name, value] : out_.server_settings) total += size_of(name, value);
    if (total <= protocol::max_startup_packet) return {};
    return conninfo_error{"user, dbname, application_name and options are too long together: " + std::to_string(total) +
                          " bytes with their names, and the server takes " +
                          std::to_string(protocol::max_startup_packet) + "; shorten them"};
  }

  conninfo_values const& values_;
  surroundings const& around_;
  settings& out_;
};

}  // namespace

std::optional<conninfo_error> set_server_settings(conninfo_values const& values, surroundings const& around,
                                                  settings& to) {
  return server_settings_maker(values, around, to).run();
}

}  // namespace tusk::client
