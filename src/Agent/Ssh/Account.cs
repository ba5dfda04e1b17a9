using System.Collections.Immutable;
using System.Globalization;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Ssh;

/// <summary>A line of passwd(5).</summary>
internal sealed record Account(string Name, uint Id, uint Group, string Home, string Shell)
{
    /// <summary>Groups whose members may become root on Debian, Raspberry Pi OS and Ubuntu.</summary>
    public static readonly ImmutableArray<string> AdminGroups = ["sudo", "admin", "wheel"];

    public bool CanLogIn => !Shell.EndsWith("/nologin", StringComparison.Ordinal) && !Shell.EndsWith("/false", StringComparison.Ordinal);

    /// <summary>What <c>getent passwd USER</c> answered; null when it said that there is no such user (getent(1): exit code 2).</summary>
    public static Asked<Account> Read(CommandResult answer)
    {
        const int absent = 2;
        return answer.ExitCode == absent ? Asked<Account>.Of(null)
            : answer.Succeeded && Parse(answer.Output) is { } account ? Asked<Account>.Of(account)
            : Asked<Account>.Refused($"E_SSH_USER: whether the user is there cannot be learned, so nothing was changed; {answer.Command}: {answer.Reason}");
    }

    /// <summary>Null for what is no such line, or has no home.</summary>
    public static Account? Parse(string line) =>
        line.TrimEnd('\n').Split(':') is [var name, _, var user, var group, _, ['/', ..] home, var shell]
        && uint.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) && uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out uint primary)
            ? new Account(name, id, primary, home, shell)
            : null;

    /// <summary>Those of <paramref name="passwd"/> that can become root, from what getent prints of passwd and of the admins' groups.</summary>
    public static ImmutableArray<Account> Admins(string passwd, string groups)
    {
        string[][] lines = [.. groups.Split('\n').Select(line => line.Split(':')).Where(parts => parts.Length == 4 && AdminGroups.Contains(parts[0]))];
        return
        [
            .. passwd.Split('\n').Select(Parse).OfType<Account>().Where(account => account.CanLogIn && Names.IsUser(account.Name)
                && (account.Id == 0 || lines.Any(parts => parts[2] == $"{account.Group}" || parts[3].Split(',').Contains(account.Name)))),
        ];
    }
}
