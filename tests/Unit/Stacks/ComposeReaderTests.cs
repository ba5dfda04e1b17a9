using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Stacks;
using Xunit;

namespace RpiAgent.Tests.Unit.Stacks;

public class ComposeReaderTests
{
    private const string WordPressV1 = """
        web:
          image: wordpress:4.4
          links:
            - db:mysql
          ports:
            - "8080:80"
          environment:
            - WORDPRESS_DB_PASSWORD=example
        db:
          image: mariadb:10
          environment:
            MYSQL_ROOT_PASSWORD: example
          volumes:
            - dbdata:/var/lib/mysql
          mem_limit: 256m
        """;

    private const string WordPressV2 = """
        version: '2'
        services:
          db:
            image: mysql:5.7
            volumes:
              - db_data:/var/lib/mysql
            restart: always
            environment:
              MYSQL_ROOT_PASSWORD: somewordpress
              MYSQL_DATABASE: wordpress
              MYSQL_USER: wordpress
              MYSQL_PASSWORD: wordpress
          wordpress:
            depends_on:
              - db
            image: wordpress:latest
            ports:
              - "8000:80"
            restart: always
            environment:
              WORDPRESS_DB_HOST: db:3306
              WORDPRESS_DB_USER: wordpress
              WORDPRESS_DB_PASSWORD: wordpress
        volumes:
          db_data:
        """;

    private const string WordPressV3 = """
        version: "3.9"
        x-defaults: &defaults
          restart: unless-stopped
          logging:
            driver: json-file
            options: { max-size: "10m" }
        services:
          db:
            <<: *defaults
            image: mariadb:10.6.4-focal
            command: '--default-authentication-plugin=mysql_native_password'
            volumes:
              - type: volume
                source: db_data
                target: /var/lib/mysql
            env_file: .env.db
            expose:
              - 3306
              - 33060
            healthcheck:
              test: ["CMD", "mysqladmin", "ping", "-h", "localhost"]
              interval: 10s
              timeout: 5s
              retries: 5
              start_period: 1m30s
            networks: [back]
          wordpress:
            <<: *defaults
            image: wordpress:${WP_TAG:-latest}
            depends_on:
              db:
                condition: service_healthy
            ports:
              - target: 80
                published: "${WP_PORT:-80}"
                protocol: tcp
            environment:
              - WORDPRESS_DB_HOST=db
              - WORDPRESS_DB_PASSWORD
            networks:
              back:
                aliases: [blog]
              front:
            deploy:
              replicas: 2
              placement:
                constraints: ["node.labels.zone == a", "node.hostname != pi1"]
                preferences:
                  - spread: node.labels.zone
                max_replicas_per_node: 1
              resources:
                limits: { cpus: '0.50', memory: 512M }
                reservations: { cpus: '0.25', memory: 128M }
              restart_policy:
                condition: on-failure
                max_attempts: 3
        volumes:
          db_data: {}
        networks:
          back:
            driver: overlay
            driver_opts: { encrypted: "true" }
            internal: true
          front:
        """;

    [Fact]
    public void A_version_1_WordPress_is_read()
    {
        StackSpec stack = Composed.Stack(WordPressV1);
        WorkloadSpec db = stack.Workloads[0];
        WorkloadSpec web = stack.Workloads[1];
        Assert.Equal("blog.db", db.Id.Value);
        Assert.Equal(["db", "mysql"], Assert.Single(db.Container.Networks).Aliases);
        Assert.Equal(new MountSpec("volume", "blog_dbdata", "/var/lib/mysql", false), Assert.Single(db.Container.Mounts));
        Assert.Equal(256L << 20, db.ReservedMemoryBytes);
        Assert.Equal(256L << 20, db.Container.MemoryLimitBytes);
        Assert.Equal(new PublishedPort("", 8080, 80, "tcp"), Assert.Single(web.Container.Ports));
        Assert.Equal("blog.db", Assert.Single(web.DependsOn).Workload.Value);
        Assert.Equal(["blog_default"], stack.Networks.Select(network => network.Name));
        Assert.Equal(["blog_dbdata"], stack.Volumes.Select(volume => volume.Name));
    }

    [Fact]
    public void A_version_2_WordPress_is_read()
    {
        StackSpec stack = Composed.Stack(WordPressV2);
        Assert.Equal(["db", "wordpress"], stack.Workloads.Select(workload => workload.Service));
        Assert.Equal("always", stack.Workloads[0].Container.RestartCondition);
        Assert.Contains("MYSQL_DATABASE=wordpress", stack.Workloads[0].Container.Environment);
        Assert.Contains("WORDPRESS_DB_HOST=db:3306", stack.Workloads[1].Container.Environment);
        Assert.Equal([new StackVolume("blog_db_data", false)], stack.Volumes);
    }

    [Fact]
    public void A_version_3_WordPress_is_read_with_everything_it_says()
    {
        StackSpec stack = Composed.Stack(WordPressV3,
            files: new() { [".env.db"] = "MYSQL_ROOT_PASSWORD=\"se cret\"\n# comment\nMYSQL_DATABASE=wp # why\n" },
            variables: new() { ["WP_PORT"] = "8081", ["WORDPRESS_DB_PASSWORD"] = "pw" });
        ContainerTemplate db = stack.Workloads[0].Container;
        Assert.Equal(["MYSQL_ROOT_PASSWORD=se cret", "MYSQL_DATABASE=wp"], db.Environment);
        Assert.Equal(["--default-authentication-plugin=mysql_native_password"], db.Command!.Value.AsEnumerable());
        Assert.Equal(["3306/tcp", "33060/tcp"], db.Expose);
        Assert.Equal(["CMD", "mysqladmin", "ping", "-h", "localhost"], db.Health!.Test);
        Assert.Equal(TimeSpan.FromSeconds(90), db.Health.StartPeriod);
        Assert.Equal("unless-stopped", db.RestartCondition);

        WorkloadSpec web = stack.Workloads[1];
        Assert.Equal("wordpress:latest", web.Container.Image);
        Assert.Equal(new PublishedPort("", 8081, 80, "tcp"), Assert.Single(web.Container.Ports));
        Assert.Equal(["WORDPRESS_DB_HOST=db", "WORDPRESS_DB_PASSWORD=pw"], web.Container.Environment);
        Assert.Equal(["blog_back", "blog_front"], web.Container.Networks.Select(use => use.Name));
        Assert.Equal(["wordpress", "blog"], web.Container.Networks[0].Aliases);
        Assert.Equal("service_healthy", Assert.Single(web.DependsOn).Condition);
        Assert.Equal(2, web.Replicas);
        Assert.Equal(["zone==a", "node!=pi1"], web.Placement.Constraints);
        Assert.Equal(["zone"], web.Placement.SpreadOver);
        Assert.Equal(1, web.Placement.MaxReplicasPerNode);
        Assert.Equal((128L << 20, 250L), (web.ReservedMemoryBytes, web.ReservedMilliCpus));
        Assert.Equal((512L << 20, 500_000_000L), (web.Container.MemoryLimitBytes, web.Container.NanoCpus));
        Assert.Equal(("on-failure", 3), (web.Container.RestartCondition, web.Container.RestartMaxAttempts));
        Assert.Equal([new StackNetwork("blog_back", false, true, true), new StackNetwork("blog_front", false, false, false)], stack.Networks);
    }

    [Fact]
    public void Files_and_variables_are_asked_for_together_and_with_defaults_too()
    {
        ComposeNeeds needs = Assert.IsType<ComposeNeeds>(ComposeReader.Read(new DeployBundle { Name = "blog", Compose = WordPressV3 }));
        Assert.Equal([".env.db"], needs.Files);
        Assert.Equal(["WORDPRESS_DB_PASSWORD", "WP_PORT", "WP_TAG"], needs.Variables);
    }

    [Fact]
    public void A_missing_file_and_a_missing_variable_are_problems_with_their_places()
    {
        ImmutableArray<string> problems = Composed.ProblemsOf("env_file: gone.env\nuser: ${WHO}");
        Assert.Equal(
        [
            "c.yaml:4:15: services.web.env_file: the file gone.env is not there (looked for beside the Compose file)",
            "c.yaml:5:11: services.web.user: the variable WHO is not set: set it in the environment or in .env beside the file, or write ${WHO:-default}",
        ], problems);
    }

    [Fact]
    public void A_file_that_need_not_be_there_may_be_missing() =>
        Assert.Empty(Composed.Service("env_file:\n  - path: gone.env\n    required: false").Container.Environment);

    [Fact]
    public void All_problems_are_told_at_once_each_with_file_line_and_column()
    {
        ImmutableArray<string> problems = Composed.Problems("""
            services:
              web:
                image: nginx
                enviroment: [A=1]
                privileged: true
                ports: ["80:80:80:80", "70000:80"]
              db:
                build: .
            secrets:
              pw: { file: ./pw }
            """);
        Assert.Equal(
        [
            "c.yaml:4:5: services.web.enviroment: no such key here; did you mean 'environment'?",
            "c.yaml:5:5: services.web.privileged: not supported: containers get no rights on the host beyond cap_add; leave it out",
            "c.yaml:6:13: services.web.ports: '80:80' in '80:80:80:80' is not an address",
            "c.yaml:6:28: services.web.ports: '70000' in '70000:80' is not a port from 1 to 65535",
            "c.yaml:8:5: services.db: not supported: nothing is built here. Build the image first, load it with `rpictl image load`, and name it by `image:`",
            "c.yaml:9:1: secrets: not supported: put the file on a volume or into the image, or pass the value by environment or env_file",
        ], problems);
    }

    [Theory]
    [InlineData("", "c.yaml:1:1: the file is empty")]
    [InlineData("hello", "c.yaml:1:1: a value, where a Compose file with `services:` is wanted")]
    [InlineData("services:", "c.yaml:1:1: no services: a Compose file has a `services:` section with at least one")]
    [InlineData("services:\n\tweb:\n", "c.yaml:2:1: a tab in the indentation: YAML takes spaces only")]
    [InlineData("services:\n  web:\n    image: a\n    image: b\n", "c.yaml:4:5: 'image' is written twice here, first in line 3")]
    [InlineData("services:\n  web: *gone\n", "c.yaml:2:8: this is not YAML: no anchor '&gone' comes before this alias")]
    [InlineData("services:\n  web: {image: a}\n---\nservices: {}\n", "c.yaml:3:1: a second document ('---'): one Compose file a deployment")]
    [InlineData("version: '9'\nservices:\n  web: {image: a}\n", "c.yaml:1:10: version: '9' is not known; write 2, 3 or leave it out")]
    [InlineData("services:\n  web: {image: a, depends_on: [dp]}\n  db: {image: a}\n", "c.yaml:2:32: services.web.depends_on: no service 'dp' is deployed; did you mean 'db'?")]
    [InlineData("services:\n  a1: {image: a, depends_on: [b1]}\n  b1: {image: a, depends_on: [a1]}\n", "c.yaml:2:3: services: they wait for each other: a1 -> b1 -> a1")]
    public void A_bad_file_is_refused_in_one_sentence(string text, string problem) => Assert.Equal([problem], Composed.Problems(text));

    [Fact]
    public void Aliases_that_unfold_without_end_are_refused_quickly()
    {
        string bomb = "x-a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + string.Concat(Enumerable.Range(0, 12).Select(i =>
            $"x-{(char)('b' + i)}: &{(char)('b' + i)} [{string.Join(", ", Enumerable.Repeat($"*{(char)('a' + i)}", 9))}]\n"));
        ImmutableArray<string> problems = Composed.Problems($"{bomb}services:\n  web:\n    image: nginx\n    command: *m\n");
        Assert.Contains("unfold", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_and_huge_files_are_refused()
    {
        Assert.Contains("nested deeper", Assert.Single(Composed.Problems(new string('[', 10_000))), StringComparison.Ordinal);
        Assert.Contains("larger than", Assert.Single(Composed.Problems(new string('#', 300_000))), StringComparison.Ordinal);
    }

    [Fact]
    public void The_name_in_the_file_serves_when_none_is_given_and_yields_otherwise()
    {
        const string text = "name: shop\nservices:\n  web: {image: nginx}\n";
        Assert.Equal("shop", Composed.Stack(text, name: "").Name);
        Assert.Equal(["c.yaml:1:1: name: deployed as 'blog', not 'shop'"], Composed.Warnings(text));
        Assert.Contains("'Blog' is not a stack's name", Assert.Single(Assert.IsType<ComposeRefused>(Composed.Read(text, name: "Blog")).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_service_with_a_profile_is_left_out_and_it_is_said()
    {
        const string text = "services:\n  web: {image: nginx}\n  tool:\n    image: nginx\n    profiles: [debug]\n";
        Assert.Equal(["web"], Composed.Stack(text).Workloads.Select(workload => workload.Service));
        Assert.StartsWith("c.yaml:5:5: services.tool.profiles: left out", Assert.Single(Composed.Warnings(text)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_that_others_wait_for_is_not_restarted_after_it_ended()
    {
        StackSpec stack = Composed.Stack("""
            services:
              migrate: {image: nginx}
              web:
                image: nginx
                depends_on: {migrate: {condition: service_completed_successfully}}
            """);
        Assert.Equal(["on-failure", "unless-stopped"], stack.Workloads.Select(workload => workload.Container.RestartCondition));
    }

    [Fact]
    public void External_networks_and_volumes_keep_their_names_and_unused_ones_are_named()
    {
        const string text = """
            services:
              web:
                image: nginx
                networks: [shared]
                volumes: ["old:/data"]
            networks:
              shared: {external: true, name: proxy}
              idle:
            volumes:
              old: {external: {name: data2019}}
            """;
        StackSpec stack = Composed.Stack(text);
        Assert.Equal([new StackNetwork("proxy", true, false, false)], stack.Networks);
        Assert.Equal([new StackVolume("data2019", true)], stack.Volumes);
        Assert.Equal(["c.yaml:8:3: networks.idle: no service uses it: it is not made"], Composed.Warnings(text));
    }

    [Fact]
    public void The_same_file_gives_the_same_stack() =>
        Assert.Equal(
            System.Text.Json.JsonSerializer.Serialize(Composed.Stack(WordPressV2).Workloads.Select(workload => workload.ToString())),
            System.Text.Json.JsonSerializer.Serialize(Composed.Stack(WordPressV2).Workloads.Select(workload => workload.ToString())));
}
