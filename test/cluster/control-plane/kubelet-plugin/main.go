// Command kubelet-plugin answers questions about image credential provider plugins with the kubelet's own code: JSON on
// stdin, JSON on stdout, what the kubelet logs on stderr.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/plugin"
)

type matchQuestion struct {
	Pattern string `json:"pattern"`
	Image   string `json:"image"`
}

type matchAnswer struct {
	Matches bool   `json:"matches"`
	Error   string `json:"error"`
}

type registration struct {
	ConfigPath   string `json:"configPath"`
	PluginFolder string `json:"pluginFolder"`
}

type serviceAccount struct {
	Namespace   string            `json:"namespace"`
	Name        string            `json:"name"`
	Annotations map[string]string `json:"annotations"`
	Token       string            `json:"token"`
}

type lookupQuestion struct {
	registration
	Images         []string       `json:"images"`
	ServiceAccount serviceAccount `json:"serviceAccount"`
}

type credential struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

type lookupAnswer struct {
	// Credentials has one list for each image, in the order in which the kubelet tries them.
	Credentials [][]credential `json:"credentials"`
	// Audiences are those of the tokens that the kubelet asked for.
	Audiences []string `json:"audiences"`
}

func main() {
	if err := answer(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answer(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: kubelet-plugin match|register|lookup")
	}
	switch args[0] {
	case "match":
		return exchange(match)
	case "register":
		return exchange(register)
	case "lookup":
		return exchange(lookup)
	}
	return fmt.Errorf("unknown question %q", args[0])
}

func exchange[Q, A any](reply func(Q) (A, error)) error {
	var question Q
	if err := json.NewDecoder(os.Stdin).Decode(&question); err != nil {
		return err
	}
	answer, err := reply(question)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answer)
}

func match(questions []matchQuestion) ([]matchAnswer, error) {
	answers := []matchAnswer{}
	for _, question := range questions {
		matches, err := credentialprovider.URLsMatchStr(question.Pattern, question.Image)
		answers = append(answers, matchAnswer{Matches: matches, Error: textOf(err)})
	}
	return answers, nil
}

// register tells for each configuration why the kubelet refuses it. The folder should lack the plugins: an accepted
// configuration then ends in that error, and the next one can be tried in the same process.
func register(registrations []registration) ([]string, error) {
	refusals := []string{}
	for _, wanted := range registrations {
		err := plugin.RegisterCredentialProviderPlugins(wanted.ConfigPath, wanted.PluginFolder, nil, nil)
		refusals = append(refusals, textOf(err))
	}
	return refusals, nil
}

func lookup(question lookupQuestion) (*lookupAnswer, error) {
	account := question.ServiceAccount
	result := &lookupAnswer{Credentials: [][]credential{}, Audiences: []string{}}
	getToken := func(_, _ string, request *authenticationv1.TokenRequest) (*authenticationv1.TokenRequest, error) {
		result.Audiences = append(result.Audiences, request.Spec.Audiences...)
		return &authenticationv1.TokenRequest{Status: authenticationv1.TokenRequestStatus{Token: account.Token}}, nil
	}
	getAccount := func(namespace, name string) (*corev1.ServiceAccount, error) {
		meta := metav1.ObjectMeta{Namespace: namespace, Name: name, UID: "account-uid", Annotations: account.Annotations}
		return &corev1.ServiceAccount{ObjectMeta: meta}, nil
	}
	err := plugin.RegisterCredentialProviderPlugins(question.ConfigPath, question.PluginFolder, getToken, getAccount)
	if err != nil {
		return nil, err
	}
	keyring := plugin.NewExternalCredentialProviderDockerKeyring(account.Namespace, "pod", "pod-uid", account.Name)
	for _, image := range question.Images {
		configs, _ := keyring.Lookup(image)
		found := []credential{}
		for _, config := range configs {
			found = append(found, credential{Username: config.Username, Password: config.Password})
		}
		result.Credentials = append(result.Credentials, found)
	}
	return result, nil
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
