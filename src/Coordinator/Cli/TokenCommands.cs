using System.CommandLine;
using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary><c>rpictl token</c>: what lets a Pi in.</summary>
internal static class TokenCommands
{
    public static Command Create() => new("token", "Join tokens: what lets a Pi into the cluster.") { Make(), List(), Revoke() };

    private static Command Make()
    {
        Option<uint> uses = new("--uses") { Description = "Nodes that may join with it; 0 = as the coordinator is set", HelpName = "N" };
        Option<string> lifetime = new("--ttl") { Description = "How long it lives, like 45m, 12h or 7d; without it as the coordinator is set", HelpName = "TIME" };
        Option<string> note = new("--note") { Description = "A word to know it by", HelpName = "TEXT", DefaultValueFactory = _ => "" };
        return new Command("create", "Make a token; it is printed now and never again.") { uses, lifetime, note }.Does(async (parsed, terminal, connection, cancel) =>
        {
            CreateTokenRequest request = new() { Uses = parsed.GetValue(uses), Note = parsed.GetValue(note) };
            if (parsed.GetValue(lifetime) is { } text)
            {
                request.Lifetime = Duration.FromTimeSpan(ParseLifetime(text));
            }

            CreateTokenReply made = await connection.AskAsync((client, options) => client.CreateTokenAsync(request, options), cancel);
            if (terminal.Json)
            {
                terminal.Result(TokenJson.Of(made.Info, made.Token), CliJson.Pretty.TokenJson);
                return ExitCodes.Ok;
            }

            terminal.Line(made.Token);
            terminal.Say($"Good for {made.Info.UsesLeft} node{(made.Info.UsesLeft == 1 ? "" : "s")} until {made.Info.ExpiresAt.ToDateTime():yyyy-MM-dd HH:mm} UTC. Write it into rpi-agent.yaml on the boot partition, as join_token.");
            return ExitCodes.Ok;
        });
    }

    private static Command List() => new Command("ls", "List the tokens.").Does(async (_, terminal, connection, cancel) =>
    {
        ListTokensReply reply = await connection.AskAsync((client, options) => client.ListTokensAsync(new ListTokensRequest(), options), cancel);
        if (terminal.Json)
        {
            terminal.Result([.. reply.Tokens.Select(token => TokenJson.Of(token))], CliJson.Pretty.TokenJsonArray);
        }
        else
        {
            terminal.Table(["ID", "STATE", "USES LEFT", "EXPIRES", "NOTE"], reply.Tokens.Select(token => new[]
            {
                token.Id, token.State, token.UsesLeft.ToString(CultureInfo.InvariantCulture), $"{token.ExpiresAt.ToDateTime():yyyy-MM-dd HH:mm} UTC", token.Note,
            }));
        }

        return ExitCodes.Ok;
    });

    private static Command Revoke()
    {
        Argument<string> id = new("ID") { Description = "As `rpictl token ls` prints it, or its beginning" };
        return new Command("revoke", "Let nobody in by it any more; nodes that joined stay.") { id }.Does(async (parsed, terminal, connection, cancel) =>
        {
            RevokeTokenReply reply = await connection.AskAsync((client, options) => client.RevokeTokenAsync(new RevokeTokenRequest { Id = parsed.GetValue(id) }, options), cancel);
            if (terminal.Json)
            {
                terminal.Result(TokenJson.Of(reply.Info), CliJson.Pretty.TokenJson);
            }
            else
            {
                terminal.Say($"Token {reply.Info.Id} is revoked.");
            }

            return ExitCodes.Ok;
        });
    }

    /// <exception cref="CliFailure">Not a number with s, m, h or d.</exception>
    internal static TimeSpan ParseLifetime(string text)
    {
        int factor = text.Length > 1 ? text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, _ => 0 } : 0;
        return factor > 0 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is > 0 and < 1_000_000
            ? TimeSpan.FromSeconds((double)number * factor)
            : throw new CliFailure(ExitCodes.Usage, $"--ttl '{text}' is not a time like 45m, 12h or 7d");
    }
}
