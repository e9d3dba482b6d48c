// PREPARE TRANSACTION, and what ends a prepared one.
#include <tusk/two_phase.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <tusk/types/error.hpp>
#include <tusk/types/literal.hpp>
#include <utility>

#include "operations/script.hpp"
#include "transaction_control.hpp"

namespace tusk {
namespace {

constexpr std::size_t longest_part = 64;   // X/Open's MAXGTRIDSIZE and MAXBQUALSIZE
constexpr std::size_t longest_text = 199;  // the server's GIDSIZE, without its NUL

bool is_part(std::string_view text) {
  return text.size() <= longest_part &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string encoded(std::string const& part) {
  std::string text((part.size() + 2) / 3 * 4 + 1, '\0');
  auto const size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                    reinterpret_cast<unsigned char const*>(part.data()), static_cast<int>(part.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> decoded(std::string const& text) {
  std::string part(text.size() + 1, '\0');
  int const size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(part.data()),
                                   reinterpret_cast<unsigned char const*>(text.data()), static_cast<int>(text.size()));
  if (size < 0 && !text.empty()) return {};
  part.resize(static_cast<std::size_t>(std::max(size, 0)));
  auto const padding = static_cast<std::size_t>(std::count(text.begin(), text.end(), '='));
  if (padding > part.size()) return {};
  part.resize(part.size() - padding);  // which is decoded as zero bytes
  if (!is_part(part)) return {};
  return part;
}

}  // namespace

tpc_xid::tpc_xid(std::int32_t format, std::string global, std::string branch)
    : format_id(format), gtrid(std::move(global)), bqual(std::move(branch)) {
  if (format < 0) throw programming_error("the format of a two-phase transaction's name is at least 0");
  if (!is_part(gtrid) || !is_part(bqual))
    throw programming_error("the name of a two-phase transaction is up to 64 printable ASCII characters, twice");
}

tpc_xid tpc_xid::from_text(std::string_view text) {
  if (text.empty() || text.size() > longest_text || text.find('\0') != text.npos)
    throw programming_error("the name of a two-phase transaction is up to " + std::to_string(longest_text) +
                            " bytes, and none of them NUL");
  std::size_t const first = text.find('_');
  std::size_t const second = text.find('_', first == text.npos ? first : first + 1);
  if (second == text.npos || text.find('_', second + 1) != text.npos) return tpc_xid(text);
  std::int32_t format = -1;
  auto const [end, error] = std::from_chars(text.data(), text.data() + first, format);
  auto global = decoded(std::string(text.substr(first + 1, second - first - 1)));
  auto branch = decoded(std::string(text.substr(second + 1)));
  if (error != std::errc() || end != text.data() + first || format < 0 || !global || !branch) return tpc_xid(text);
  tpc_xid made(format, *std::move(global), *std::move(branch));
  return made.as_text() == text ? made : tpc_xid(text);  // it is what gives this text, or none
}

std::string tpc_xid::as_text() const {
  if (!format_id) return gtrid;
  return std::to_string(*format_id) + '_' + encoded(gtrid) + '_' + encoded(bqual);
}

namespace detail {
namespace {

using status = protocol::transaction_indicator;

/// They are the connection's own, and nothing else is under way.
void require_two_phase(connection_state& on, char const* what) {
  require_transactions(on, what);
  on.require.no_guard(what);
  on.wait_until_idle();
}

void forget(connection_state& on) {
  on.context.transactions.two_phase.clear();
  on.context.transactions.is_prepared = false;
}

/// COMMIT PREPARED and ROLLBACK PREPARED.
void end_prepared(connection_state& on, std::string const& verb, std::string const& id, held_limit limit) {
  if (!is_in(on, status::idle))
    throw programming_error(
        "a two-phase transaction that was prepared cannot be ended inside another transaction; "
        "commit or roll back first");
  std::string const told = run_control(on, verb + ' ' + types::literal_of(id, nullptr), true, std::move(limit));
  if (told != verb) distrust(on, verb, told);
}

/// `plain`: what ends it if it was not prepared.
void end_two_phase(connection_state& on, char const* call, tpc_xid const* id, char const* verb, held_limit limit,
                   void (*plain)(connection_state&, held_limit)) {
  require_two_phase(on, call);
  auto& plan = on.context.transactions;
  if (id != nullptr) {
    on.require.unguarded(call);
    return end_prepared(on, verb, id->as_text(), std::move(limit));
  }
  if (plan.two_phase.empty())
    throw programming_error(std::string(call) + " needs tpc_begin() before it, or the name of a prepared transaction");
  if (plan.is_prepared) {
    end_prepared(on, verb, plan.two_phase, std::move(limit));
    return forget(on);
  }
  forget(on);  // a plain COMMIT ends it in any case
  plain(on, std::move(limit));
}

}  // namespace

void tpc_begin(connection_state& on, tpc_xid const& id) {
  operation_guard const guard(on.lock);
  require_two_phase(on, "tpc_begin");
  on.require.open();
  on.require.unguarded("tpc_begin()");
  if (!is_in(on, status::idle))
    throw programming_error("tpc_begin() cannot be used inside a transaction; commit or roll back first");
  if (on.context.transactions.mode.autocommit)
    throw programming_error("tpc_begin() cannot be used where statements commit by themselves: set_autocommit(false)");
  on.context.transactions.two_phase = id.as_text();
}

void tpc_prepare(connection_state& on, within const* limit) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit);
  require_two_phase(on, "tpc_prepare");
  auto& plan = on.context.transactions;
  if (plan.two_phase.empty() || plan.is_prepared)
    throw programming_error("tpc_prepare() needs tpc_begin() before it, and is used once");
  struct undone {  // what fails to be prepared is rolled back
    connection_state& on;
    ~undone() {
      if (!on.context.transactions.is_prepared && is_in(on, status::idle)) forget(on);
    }
  } const at_end{on};
  std::string const statement = "PREPARE TRANSACTION " + types::literal_of(plan.two_phase, nullptr);
  std::string const told = run_control(on, statement, false, std::move(limited));
  if (is_in(on, status::idle) && told == "ROLLBACK") throw_rolled_back();
  if (!is_in(on, status::idle) || told != "PREPARE TRANSACTION") distrust(on, "PREPARE TRANSACTION", told);
  plan.is_prepared = true;
}

void tpc_commit(connection_state& on, tpc_xid const* id, within const* limit) {
  operation_guard const guard(on.lock);
  end_two_phase(on, "tpc_commit()", id, "COMMIT PREPARED", on.require.time(limit), commit_now);
}

void tpc_rollback(connection_state& on, tpc_xid const* id, within const* limit) {
  operation_guard const guard(on.lock);
  end_two_phase(on, "tpc_rollback()", id, "ROLLBACK PREPARED", on.require.time(limit), rollback_now);
}

std::vector<prepared_transaction> tpc_recover(connection_state& on, within const* limit) {
  operation_guard const guard(on.lock);
  auto limited = on.require.time(limit);
  require_transactions(on, "tpc_recover");
  constexpr std::string_view statement =
      "SELECT gid, prepared, owner::pg_catalog.text, database::pg_catalog.text FROM pg_catalog.pg_prepared_xacts";
  on.require.ready(statement, params::none());
  std::vector<result> results;
  script what(on.context, statement, results);
  what.begin_nothing();
  on.run(what, std::move(limited));
  tusk::results const told(std::move(results));
  std::vector<prepared_transaction> found;
  for (auto const& [gid, prepared, owner, database] :
       told.back().rows<std::string, timestamptz, std::string, std::string>())
    found.push_back({tpc_xid::from_text(gid), prepared, owner, database});
  return found;
}

}  // namespace detail
}  // namespace tusk
