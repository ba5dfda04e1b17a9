using System.Collections.Immutable;
using System.Text.Json;

namespace RpiAgent.Agent.Ssh;

/// <summary>How the keys stand.</summary>
/// <param name="Problems">Why some are not as wished, and what to mind; empty when all is well.</param>
internal sealed record SshOutcome(bool Applied, bool Changed, ImmutableArray<string> Problems);

/// <summary>
/// Makes the authorized_keys of the named users as wished. Each file is written with its user's rights, by this program run by systemd:
/// the daemon itself cannot write to homes.
/// </summary>
internal sealed class SshKeys(AgentOptions options, CommandRunner commands) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private readonly UserLookup _users = new(options, commands);

    public async Task<SshOutcome> ApplyAsync(CancellationToken cancel)
    {
        await _oneAtATime.WaitAsync(cancel);
        try
        {
            SavedKeys saved = SavedKeys.Load(options);
            ImmutableArray<string>.Builder problems = ImmutableArray.CreateBuilder<string>();
            bool changed = false;
            HashSet<string> done = new(StringComparer.Ordinal);
            List<string> failed = [];
            foreach ((string user, ImmutableArray<OrderedKey> keys) in saved.InOrder)
            {
                KeyFileReport? report = await ApplyAsync(user, keys, saved.Forced, cancel);
                changed |= report is { Changed: true };
                problems.AddRange(ProblemsOf(user, keys, report));
                if (report is { Refusal.Length: > 0 } or { Kept: not null } || (report is null && keys.Length > 0))
                {
                    failed.Add(user);
                }
                else if (keys.IsEmpty && report is not null)
                {
                    // Of a user who is not to be seen just now there may still be a file.
                    done.Add(user);
                }
            }

            if (done.Count > 0)
            {
                (SavedKeys.Load(options) is var now ? now with { Touched = now.Touched.RemoveAll(done.Contains) } : now).Save(options);
            }

            return new SshOutcome(failed.Count == 0, changed, problems.ToImmutable());
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Replaces what is wished, on disk.</summary>
    public async Task SaveAsync(Func<SavedKeys, SavedKeys> change, CancellationToken cancel)
    {
        await _oneAtATime.WaitAsync(cancel);
        try
        {
            SavedKeys before = SavedKeys.LoadOrSetAside(options);
            SavedKeys after = change(before);
            after = after with { Touched = [.. before.Touched.Concat(before.Wished.Keys).Concat(after.Wished.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)] };
            after.Save(options);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public void Dispose() => _oneAtATime.Dispose();

    private static IEnumerable<string> ProblemsOf(string user, ImmutableArray<OrderedKey> keys, KeyFileReport? report)
    {
        if (report is null)
        {
            return keys.IsEmpty ? [] : [$"E_SSH_USER: there is no user '{user}' on this node; create it, or name another with --user"];
        }

        string[] refusals =
        [
            .. report.Refusal.Length > 0 ? [$"{user}: {report.Refusal}"] : Array.Empty<string>(),
            .. report.Kept is { } kept ? [$"E_LAST_KEY: the key {kept} of {user} is the last with which this node can be mended over SSH, so it stays; add another first, or: rpictl ssh-key rm {kept} --force"] : Array.Empty<string>(),
        ];
        return refusals.Concat(report.Warnings.Select(warning => $"{user}: {warning}"));
    }

    /// <summary>Null when there is no such user.</summary>
    private async Task<KeyFileReport?> ApplyAsync(string user, ImmutableArray<OrderedKey> keys, ImmutableArray<string> forced, CancellationToken cancel)
    {
        Asked<Account> found = await _users.FindAsync(user, cancel);
        if (found.Answer is not { } account)
        {
            return found.Refusal.Length > 0 ? KeyFileReport.Refused(found.Refusal) : null;
        }

        Asked<SshdSettings> asked = await _users.SettingsAsync(account, cancel);
        if (asked.Answer is not { } settings)
        {
            return KeyFileReport.Refused(asked.Refusal);
        }

        KeyFileReport report = await RunAsync(account, settings, keys, forced, keepOne: true, cancel);
        return report.Kept is not null && await HasAdminBesideAsync(account, cancel)
            ? await RunAsync(account, settings, keys, forced, keepOne: false, cancel)
            : report;
    }

    /// <summary>Somebody else can log in with a key and become root.</summary>
    private async Task<bool> HasAdminBesideAsync(Account account, CancellationToken cancel)
    {
        foreach (Account admin in (await _users.AdminsAsync(cancel)).Where(admin => admin.Name != account.Name))
        {
            if ((await _users.SettingsAsync(admin, cancel)).Answer is { } settings && settings.LetsIn(admin)
                && (await RunAsync(admin, settings, null, [], keepOne: false, cancel)) is { Refusal: "", Usable: > 0 })
            {
                return true;
            }
        }

        return false;
    }

    private async Task<KeyFileReport> RunAsync(Account account, SshdSettings settings, ImmutableArray<OrderedKey>? keys, ImmutableArray<string> forced, bool keepOne, CancellationToken cancel)
    {
        if (settings.PlaceFor(account) is not { } place)
        {
            return KeyFileReport.Refused("E_SSH_FILE: sshd is told to read no file with keys (AuthorizedKeysFile none)");
        }

        KeyFileOrder order = new(place.Base, place.File, place.OtherFiles, settings.Strict, keys, forced, keepOne);
        CommandResult run = await commands.RunAsync(
            "systemd-run",
            [
                "--quiet", "--collect", "--wait", "--pipe", $"--uid={place.RunAs}", "--property=UMask=0077", "--property=NoNewPrivileges=yes", "--property=RuntimeMaxSec=20",
                "--description=Keys of a user, for the agent", "--", Environment.ProcessPath ?? "rpi-agent", KeyFileCommand.Verb,
            ],
            Limit,
            cancel,
            JsonSerializer.Serialize(order, SshJson.Default.KeyFileOrder));
        try
        {
            return (run.Succeeded ? JsonSerializer.Deserialize(run.Output, SshJson.Default.KeyFileReport) : null)
                ?? KeyFileReport.Refused($"E_SSH_FILE: could not work as {place.RunAs}: {run.Error.Trim()}");
        }
        catch (JsonException broken)
        {
            return KeyFileReport.Refused($"E_SSH_FILE: could not work as {place.RunAs}: {broken.Message}");
        }
    }
}
