using System.CommandLine;
using System.Text;
using RpiAgent.Identity;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary><c>rpictl card</c>: what a freshly flashed card needs to join by itself. Secrets come from files or the standard input, never as words.</summary>
internal static class CardCommands
{
    private static readonly Argument<DirectoryInfo> Folder = new("DIR") { Description = "The mounted boot partition of the card, or an empty folder" };
    private static readonly Option<string> HostName = new("--hostname") { Description = "Name of the node; without it the cluster allots one", HelpName = "NAME" };
    private static readonly Option<string> Url = new("--url") { Description = "Address of the coordinator as the Pi reaches it; without it the Pi looks for it in its network", HelpName = "https://HOST:PORT" };
    private static readonly Option<string> TokenFile = new("--token-file") { Description = "File with a join token, '-' for the standard input (after a passphrase that comes there, too); without it a token is made", HelpName = "FILE" };
    private static readonly Option<string> Lifetime = new("--lifetime") { Description = "How long the token lives that is made, like 45m, 12h or 7d", HelpName = "TIME" };
    private static readonly Option<uint> Uses = new("--uses") { Description = "Nodes that may join with the token that is made; 0 = as the coordinator is set", HelpName = "N" };
    private static readonly Option<string> Ssid = new("--wifi-ssid") { Description = "Radio network to join", HelpName = "NAME" };
    private static readonly Option<string> SsidHex = new("--wifi-ssid-hex") { Description = "The same as pairs of hexadecimal digits, for a name that is not UTF-8", HelpName = "HEX" };
    private static readonly Option<string> Country = new("--wifi-country") { Description = "Where the Pi will be, as two letters", HelpName = "CC" };
    private static readonly Option<string> PassphraseFile = new("--wifi-passphrase-file") { Description = "File with the passphrase of the radio network, '-' for the standard input; without it you are asked", HelpName = "FILE" };
    private static readonly Option<bool> Hidden = new("--wifi-hidden") { Description = "The radio network does not announce its name" };
    private static readonly Option<string> Interface = new("--wifi-interface") { Description = "The Pi's radio", HelpName = "NAME", DefaultValueFactory = _ => "wlan0" };
    private static readonly Option<string[]> Label = new("--label") { Description = "A label of the node, may be given again", HelpName = "KEY=VALUE" };
    private static readonly Option<string> SshKey = new("--ssh-key") { Description = "File with public keys that let in", HelpName = "FILE" };
    private static readonly Option<string> SshUser = new("--ssh-user") { Description = "The user of the Pi they let in as", HelpName = "USER", DefaultValueFactory = _ => "pi" };
    private static readonly Option<bool> Force = new("--force") { Description = "Also when DIR is no boot partition, or holds a boot file that is not of this cluster" };

    public static Command Create() => new("card", "Cards of Pis that are to join.") { Prepare() };

    private static Command Prepare()
    {
        Command command = new("prepare", "Write the boot file onto a freshly flashed card, so that its Pi joins by itself.")
        {
            Folder, HostName, Url, TokenFile, Uses, Lifetime, Ssid, SsidHex, Country, PassphraseFile, Hidden, Interface, Label, SshKey, SshUser, Force,
        };
        command.SetAction(async (parsed, cancel) =>
        {
            Terminal terminal = new(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error, parsed.GetValue(CommonOptions.Json));
            try
            {
                return await PrepareAsync(parsed, terminal, cancel);
            }
            catch (CliFailure failure)
            {
                terminal.Say(failure.Message);
                return failure.ExitCode;
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                terminal.Say(problem.Message);
                return ExitCodes.Refused;
            }
        });
        return command;
    }

    private static async Task<int> PrepareAsync(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        CardTarget target = CardTarget.Open(parsed.GetValue(Folder)!.FullName, parsed.GetValue(Force));
        CardText text = new()
        {
            HostName = parsed.GetValue(HostName) ?? "",
            Url = parsed.GetValue(Url) ?? "",
            Radio = ReadRadio(parsed, terminal),
            Labels = [.. (parsed.GetValue(Label) ?? []).Select(ReadLabel)],
            SshUser = parsed.GetValue(SshUser)!,
            SshKeys = parsed.GetValue(SshKey) is { } keys ? CardText.ReadKeys(await File.ReadAllTextAsync(keys, cancel)) : [],
        };
        text.Check();
        JoinToken? given = parsed.GetValue(TokenFile) is { } file
            ? JoinToken.TryParse(ReadSecret(file), out JoinToken? read, out string? refusal) ? read : throw new CliFailure(ExitCodes.Usage, refusal)
            : null;
        string what = target.Exists ? "Replaced the boot file" : "Wrote";
        JoinToken token = given is null ? await MakeTokenAsync(parsed, target, text, cancel) : given;
        if (given is not null)
        {
            target.RefuseOther(given.AuthorityDigest);
            target.Write(text.Render(given));
        }

        if (terminal.Json)
        {
            terminal.Result(new CardJson(target.Path, token.Id), CliJson.Pretty.CardJson);
        }
        else
        {
            terminal.Say($"{what} {target.Path} with the join token {token.Id}. Unmount the card and put it into its Pi.");
        }

        if (!target.IsPartition)
        {
            terminal.Say($"This is no boot partition of a Pi: copy {Path.GetFileName(target.Path)} to one, beside config.txt.");
        }

        return ExitCodes.Ok;
    }

    /// <summary>A token that lets somebody in is made when all else is known to be right, and taken back when it did not get onto the card.</summary>
    private static async Task<JoinToken> MakeTokenAsync(ParseResult parsed, CardTarget target, CardText text, CancellationToken cancel)
    {
        CreateTokenRequest request = new() { Uses = parsed.GetValue(Uses), Note = $"card {parsed.GetValue(HostName)}".Trim() };
        if (parsed.GetValue(Lifetime) is { } lifetime)
        {
            request.Lifetime = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TokenCommands.ParseLifetime(lifetime));
        }

        using Connection connection = Connection.Open(parsed.GetValue(CommonOptions.Coordinator)!, parsed.GetValue(CommonOptions.Credentials)!);
        target.RefuseOther(connection.AuthorityDigest);
        text.Render(JoinToken.Create(connection.AuthorityDigest));
        CreateTokenReply made = await connection.AskAsync((client, options) => client.CreateTokenAsync(request, options), cancel);
        if (!JoinToken.TryParse(made.Token, out JoinToken? token, out string? wrong))
        {
            throw new CliFailure(ExitCodes.Bug, wrong);
        }

        try
        {
            target.Write(text.Render(token));
            return token;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await connection.AskAsync((client, options) => client.RevokeTokenAsync(new RevokeTokenRequest { Id = made.Info.Id }, options), cancel);
            throw;
        }
    }

    private static CardRadio? ReadRadio(ParseResult parsed, Terminal terminal)
    {
        (string? ssid, string? hex) = (parsed.GetValue(Ssid), parsed.GetValue(SsidHex));
        if (ssid is null && hex is null)
        {
            return parsed.GetValue(PassphraseFile) is null && parsed.GetValue(Country) is null ? null
                : throw new CliFailure(ExitCodes.Usage, "--wifi-country and --wifi-passphrase-file need --wifi-ssid");
        }

        byte[] name = (ssid, hex) switch
        {
            ({ } text, null) => Encoding.UTF8.GetBytes(text),
            (null, { } digits) when digits.Length % 2 == 0 && digits.All(char.IsAsciiHexDigit) => Convert.FromHexString(digits),
            (null, _) => throw new CliFailure(ExitCodes.Usage, $"--wifi-ssid-hex '{hex}' is not pairs of hexadecimal digits"),
            _ => throw new CliFailure(ExitCodes.Usage, "--wifi-ssid and --wifi-ssid-hex are the same; give one of them"),
        };
        string country = parsed.GetValue(Country) ?? throw new CliFailure(ExitCodes.Usage, "--wifi-ssid needs --wifi-country: without a country the radio stays off");
        string passphrase = parsed.GetValue(PassphraseFile) is { } file
            ? ReadSecret(file)
            : terminal.AskSecret($"Passphrase of the radio network {ssid ?? hex}: ") ?? throw new CliFailure(ExitCodes.Usage, "there is no terminal to ask at: --wifi-ssid needs --wifi-passphrase-file, '-' for the standard input");
        return CardRadio.Create(parsed.GetValue(Interface)!, name, passphrase, country, parsed.GetValue(Hidden));
    }

    private static string ReadSecret(string file) => (file == "-" ? Console.In.ReadLine() ?? "" : File.ReadAllText(file)).TrimEnd('\r', '\n');

    private static (string Key, string Value) ReadLabel(string text) => text.Split('=', 2) is [{ Length: > 0 } key, { Length: > 0 } value] ? (key, value)
        : throw new CliFailure(ExitCodes.Usage, $"--label '{text}' is not of the form KEY=VALUE");
}
