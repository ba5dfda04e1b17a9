using System.CommandLine;
using System.Reflection;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary><c>rpictl version</c>: of this program and of the coordinator.</summary>
internal static class VersionCommand
{
    public static Command Create() => new Command("version", "Versions of rpictl and of the coordinator, and who leads.").Does(async (_, terminal, connection, cancel) =>
    {
        string own = (typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0").Split('+')[0];
        if (!terminal.Json)
        {
            terminal.Line($"rpictl {own}");
        }

        GetVersionReply reply = await connection.AskAsync((client, options) => client.GetVersionAsync(new GetVersionRequest(), options), cancel);
        if (terminal.Json)
        {
            terminal.Result(new VersionJson(own, reply.Version, reply.Leader, reply.Epoch), CliJson.Pretty.VersionJson);
        }
        else
        {
            terminal.Line($"coordinator {reply.Version} at {connection.Address.Authority}, {(reply.Leader.Length > 0 ? $"{reply.Leader} leads (epoch {reply.Epoch})" : "nobody leads")}");
        }

        return ExitCodes.Ok;
    });
}
