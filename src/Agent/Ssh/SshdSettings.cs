using System.Collections.Immutable;

namespace RpiAgent.Agent.Ssh;

/// <summary>What <c>sshd -T -C user=…</c> says for one user, with Match blocks and defaults in it.</summary>
internal sealed record SshdSettings
{
    private static readonly string[] Selections = ["allowusers", "denyusers", "allowgroups", "denygroups"];

    public const string UsualPort = "22";

    public static SshdSettings Default { get; } = new();

    /// <summary>With its tokens: %h, %u, %U, %%.</summary>
    public ImmutableArray<string> KeyFiles { get; init; } = [".ssh/authorized_keys", ".ssh/authorized_keys2"];
    public bool Strict { get; init; } = true;
    public bool TakesKeys { get; init; } = true;
    public bool TakesRoot { get; init; } = true;
    /// <summary>AllowUsers and its kin say more than we follow.</summary>
    public bool IsSelective { get; init; }
    /// <summary>Where it listens.</summary>
    public ImmutableArray<string> Ports { get; init; } = [UsualPort];

    /// <summary>Arguments of sshd(8): all that a Match block may ask for must be named, or it ends without an answer.</summary>
    public static IReadOnlyList<string> Question(Account account, string port) =>
        ["-T", "-C", $"user={account.Name},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport={port},rdomain="];

    /// <summary>Where there is no sshd, its defaults: it may be installed later. One that does not answer may be set in any way.</summary>
    public static Asked<SshdSettings> Read(CommandResult answer) =>
        answer.Succeeded ? Asked<SshdSettings>.Of(Parse(answer.Output))
        : answer.ExitCode == CommandRunner.NotFound ? Asked<SshdSettings>.Of(Default)
        : Asked<SshdSettings>.Refused($"E_SSH_FILE: how sshd is set cannot be learned, so nothing was changed; sshd -T: {answer.Reason}");

    public static SshdSettings Parse(string output)
    {
        ILookup<string, string> lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(' ', 2)).ToLookup(words => words[0].ToLowerInvariant(), words => words.Length == 2 ? words[1].Trim() : "", StringComparer.Ordinal);
        string Value(string key, string otherwise) => lines[key].FirstOrDefault() ?? otherwise;
        return new SshdSettings
        {
            KeyFiles = Value("authorizedkeysfile", "") is { Length: > 0 } files ? [.. files.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(file => file != "none")] : Default.KeyFiles,
            Strict = Value("strictmodes", "yes") == "yes",
            TakesKeys = Value("pubkeyauthentication", "yes") == "yes",
            TakesRoot = Value("permitrootlogin", "yes") is "yes" or "prohibit-password" or "without-password",
            IsSelective = Selections.Any(lines.Contains),
            Ports = lines.Contains("port") ? [.. lines["port"]] : Default.Ports,
        };
    }

    /// <summary>Whether that user could log in with a key.</summary>
    public bool LetsIn(Account account) => TakesKeys && !IsSelective && (account.Id != 0 || TakesRoot);

    /// <summary>Where our keys go: the first file in the user's home, else the first elsewhere. Null when sshd reads none.</summary>
    public KeyFilePlace? PlaceFor(Account account)
    {
        string[] paths = [.. KeyFiles.Select(file => Expand(file, account)).Select(path => path.StartsWith('/') ? path : $"{account.Home.TrimEnd('/')}/{path}")];
        string home = account.Home.TrimEnd('/') + "/";
        string? own = home == "/" ? null : paths.FirstOrDefault(path => path.StartsWith(home, StringComparison.Ordinal));
        if (own is not null)
        {
            return new KeyFilePlace(account.Name, account.Home, own[home.Length..], [.. paths.Where(path => path != own && path.StartsWith(home, StringComparison.Ordinal)).Select(path => path[home.Length..])]);
        }

        return paths is [var first, ..] ? new KeyFilePlace("root", "/", first.TrimStart('/'), []) : null;
    }

    private static string Expand(string file, Account account) => file
        .Replace("%%", "\0", StringComparison.Ordinal).Replace("%h", account.Home, StringComparison.Ordinal).Replace("%u", account.Name, StringComparison.Ordinal)
        .Replace("%U", $"{account.Id}", StringComparison.Ordinal).Replace('\0', '%');
}

/// <param name="RunAs">Whose rights the file is written with.</param>
/// <param name="Base">Folder that <paramref name="File"/> and <paramref name="OtherFiles"/> hang under.</param>
internal sealed record KeyFilePlace(string RunAs, string Base, string File, ImmutableArray<string> OtherFiles);
