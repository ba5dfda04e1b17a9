using System.CommandLine;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary><c>rpictl node env</c>: what a shell needs so that the stock docker client speaks to one node's engine, as `docker-machine env`.</summary>
internal static class DockerEnvironment
{
    public static Command Create()
    {
        Argument<string> name = new("NODE") { Description = "Name, id, or the beginning of an id" };
        return new Command("env", "Print what makes `docker` speak to a node's engine: eval \"$(rpictl node env pi1)\".") { name }.Does(async (parsed, terminal, connection, cancel) =>
        {
            string certificates = Path.GetFullPath(Path.Join(parsed.GetValue(CommonOptions.Credentials), "docker"));
            if (!File.Exists(Path.Join(certificates, "cert.pem")))
            {
                throw new CliFailure(ExitCodes.Configuration, $"no Docker client's certificate in {certificates}: set \"DockerTls\": true in /etc/rpi-coordinator/coordinator.json and restart rpi-coordinator; elsewhere copy /var/lib/rpi-coordinator/docker beside operator.pem");
            }

            NodeInfo node = (await NodeCommands.NodesAsync(connection, parsed.GetValue(name)!, cancel)).Nodes.Single();
            if (node.Address.Length == 0)
            {
                throw new CliFailure(ExitCodes.Unreachable, $"the address of {node.Name} is not known now");
            }

            terminal.Line(Exports(node.Address, certificates));
            return ExitCodes.Ok;
        });
    }

    /// <summary>One line for `eval` in a shell.</summary>
    /// <exception cref="CliFailure">What the line would say could be more than a value.</exception>
    public static string Exports(string address, string certificates) =>
        !Ipv4.TryParse(address, out Ipv4 host) ? throw new CliFailure(ExitCodes.Refused, "the coordinator gives an address that is none")
        : certificates.Any(c => c == '\'' || char.IsControl(c)) ? throw new CliFailure(ExitCodes.Configuration, $"{certificates} cannot be given to a shell: copy it to a folder without quotes in its path")
        : $"export DOCKER_HOST='tcp://{host}:{Ports.DockerTls}' DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH='{certificates}'";
}
